-- Law 3: what the sales of a period are worth, less what was clipped, is never above the cap, and
-- nothing is clipped below it (S4).

with

moved as (

    select
        coalesce(lots.earner_no, 0) as advocate_no,
        lots.campaign_no,
        {{ period_start('lots.earned_on', 'caps.period') }} as period_from,
        sum(cap_moves.clip - cap_moves.uncap) as clipped
    from {{ ref('cap_moves') }} as cap_moves
    inner join {{ ref('proposed_lots') }} as lots on cap_moves.lot_no = lots.lot_no
    inner join {{ source('raw', 'caps') }} as caps on lots.campaign_no = caps.campaign_no
    group by
        lots.earner_no,
        lots.campaign_no,
        {{ period_start('lots.earned_on', 'caps.period') }}

)

select
    counters.advocate_no,
    counters.period_from,
    counters.raw,
    counters.clipped,
    counters.cap
from {{ ref('batch_counters') }} as counters
left join moved
    on counters.advocate_no = moved.advocate_no
    and counters.campaign_no = moved.campaign_no
    and counters.period_from = moved.period_from
where
    counters.raw - counters.clipped > counters.cap
    or (counters.clipped > 0 and counters.raw - counters.clipped <> counters.cap)
    or counters.clipped - counters.clipped_before <> coalesce(moved.clipped, 0)
