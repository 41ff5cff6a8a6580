-- What a private cap takes from lots, and what it gives back (S4).
--
--   clip    the sum of the period rose above the cap: from what this batch earned, newest first
--   uncap   it fell: returns eat what was clipped before they eat what was granted
--
-- The amount and the lots are laid side by side as intervals of running totals.

with

earned as (

    select
        subjects.subject_no as lot_no,
        subjects.difference as means,
        counters.clipped - counters.clipped_before as amount,
        sum(subjects.difference) over (
            partition by counters.advocate_no, counters.campaign_no, counters.period_from
            order by subjects.earned_on desc, subjects.subject_no desc
            rows between unbounded preceding and current row
        ) as high
    from {{ ref('batch_subjects') }} as subjects
    inner join {{ source('raw', 'caps') }} as caps on subjects.campaign_no = caps.campaign_no
    inner join {{ ref('batch_counters') }} as counters
        on subjects.earner_no = counters.advocate_no
        and subjects.campaign_no = counters.campaign_no
        and {{ period_start('subjects.earned_on', 'caps.period') }} = counters.period_from
    where
        subjects.difference > 0
        and counters.clipped > counters.clipped_before

),

clipped as (

    select
        lots.lot_no,
        lots.clipped as means,
        counters.clipped_before - counters.clipped as amount,
        sum(lots.clipped) over (
            partition by counters.advocate_no, counters.campaign_no, counters.period_from
            order by
                case when subjects.difference < 0 then 0 else 1 end,
                lots.earned_on,
                lots.lot_no
            rows between unbounded preceding and current row
        ) as high
    from {{ ref('lots') }} as lots
    inner join {{ source('raw', 'caps') }} as caps on lots.campaign_no = caps.campaign_no
    inner join {{ ref('batch_counters') }} as counters
        on lots.earner_no = counters.advocate_no
        and lots.campaign_no = counters.campaign_no
        and {{ period_start('lots.earned_on', 'caps.period') }} = counters.period_from
    left join {{ ref('batch_subjects') }} as subjects on lots.lot_no = subjects.subject_no
    where
        lots.clipped > 0
        and counters.clipped < counters.clipped_before

)

select
    lot_no,
    cast(least(high, amount) - (high - means) as bigint) as clip,
    cast(0 as bigint) as uncap
from earned
where high - means < amount

union all

select
    lot_no,
    cast(0 as bigint) as clip,
    cast(least(high, amount) - (high - means) as bigint) as uncap
from clipped
where high - means < amount
