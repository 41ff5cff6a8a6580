-- Law 9: each adjustment bears the approval that was given for it, and is as much as was approved.

with

posted as (

    select
        approval_no,
        advocate_no,
        sum(case when leg = 1 then amount else -amount end) as points
    from {{ ref('proposed_transfers') }}
    where rule = 'adjust'
    group by approval_no, advocate_no

)

select
    posted.approval_no,
    posted.points,
    approved.points as approved
from posted
full join {{ ref('batch_adjustments') }} as approved
    on posted.approval_no = approved.approval_no
    and posted.advocate_no = approved.advocate_no
where
    posted.points is null
    or approved.points is null
    or posted.points <> approved.points
