-- Law 4: a voucher is used, expired or cancelled once, and for no more than its face.

with

ended as (

    select
        group_no as request_no,
        count(*) as n_ends,
        sum(amount) as face_minor
    from {{ ref('proposed_transfers') }}
    where rule in ('use', 'voucher_expire')
    group by group_no

),

restored as (

    select
        request_no,
        sum(amount) as points
    from (
        select request_no, amount from {{ ref('restores') }}
        union all
        select request_no, amount from {{ ref('proposed_restores') }}
    ) as before_and_now
    where request_no in (select ended.request_no from ended)
    group by request_no

)

select
    ended.request_no,
    ended.n_ends,
    ended.face_minor
from ended
left join {{ ref('requests') }} as requests on ended.request_no = requests.request_no
left join {{ ref('issues') }} as issues on ended.request_no = issues.request_no
left join {{ ref('proposed_issues') }} as proposed_issues
    on ended.request_no = proposed_issues.request_no
left join {{ ref('uses') }} as uses on ended.request_no = uses.request_no
left join restored on ended.request_no = restored.request_no
where
    requests.request_no is null
    or (issues.request_no is null and proposed_issues.request_no is null)
    or uses.request_no is not null
    or ended.n_ends > 1
    or {{ wide('ended.face_minor') }} * requests.points
    <> {{ wide('requests.face_minor') }} * (requests.points - coalesce(restored.points, 0))

union all

select
    restores.request_no,
    2 as n_ends,
    restores.amount as face_minor
from {{ ref('proposed_restores') }} as restores
inner join {{ ref('uses') }} as uses on restores.request_no = uses.request_no
