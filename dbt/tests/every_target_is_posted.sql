-- Law 7: after the batch each touched subject has had its target, so that proposing it again
-- proposes nothing (S0).

with

moved as (

    select
        subject_no,
        sum(case when rule = 'earn' then amount else -amount end) as amount
    from {{ ref('proposed_transfers') }}
    where
        subject_no is not null
        and rule not in ('earn_cap', 'uncap')  -- A cap clips what is granted, not the target.
    group by subject_no

)

select
    subjects.subject_no,
    subjects.target,
    subjects.posted + coalesce(moved.amount, 0) as posted
from {{ ref('batch_subjects') }} as subjects
left join moved on subjects.subject_no = moved.subject_no
left join {{ source('raw', 'versions') }} as versions
    on subjects.campaign_no = versions.campaign_no
    and subjects.version_no = versions.version_no
where
    subjects.target <> subjects.posted + coalesce(moved.amount, 0)
    or (
        subjects.share_no = 0
        and subjects.target <> greatest({{ floor_div('subjects.weight', 'subjects.divisor') }}, 0)
    )
    or (
        subjects.share_no > 0  -- Less than a point beside the exact share.
        and abs(
            {{ wide('subjects.target') }} * versions.share_divisor
            - greatest({{ floor_div('subjects.weight', 'subjects.divisor') }}, 0)
            * case subjects.share_no when 1 then versions.first_share else versions.second_share end
        ) >= versions.share_divisor
    )
