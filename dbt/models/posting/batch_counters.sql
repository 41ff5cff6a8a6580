-- What each earner's private cap has counted in each period that the batch touches (S4).
-- A cap counts by the day of the sale, so a late line counts in its own period.

with

changed as (

    select
        subjects.earner_no as advocate_no,
        subjects.campaign_no,
        {{ period_start('subjects.earned_on', 'caps.period') }} as period_from,
        caps.points as cap,
        sum(subjects.difference) as difference
    from {{ ref('batch_subjects') }} as subjects
    inner join {{ source('raw', 'caps') }} as caps on subjects.campaign_no = caps.campaign_no
    group by
        subjects.earner_no,
        subjects.campaign_no,
        {{ period_start('subjects.earned_on', 'caps.period') }},
        caps.points

),

counted as (

    select
        changed.advocate_no,
        changed.campaign_no,
        changed.period_from,
        coalesce(counters.cap, changed.cap) as cap,
        cast(coalesce(counters.raw, 0) + changed.difference as bigint) as raw,
        coalesce(counters.clipped, 0) as clipped_before
    from changed
    left join {{ ref('counters') }} as counters
        on changed.advocate_no = counters.advocate_no
        and changed.campaign_no = counters.campaign_no
        and changed.period_from = counters.period_from

)

select
    advocate_no,
    campaign_no,
    period_from,
    cap,
    raw,
    clipped_before,
    greatest(raw - cap, 0) as clipped
from counted
