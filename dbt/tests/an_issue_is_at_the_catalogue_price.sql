-- Law 5: the points leg and the money leg of an issue imply the price at the request.

with

legs as (

    select
        group_no as request_no,
        sum(case when leg = 1 then amount else 0 end) as points,
        sum(case when leg = 2 then amount else 0 end) as face_minor
    from {{ ref('proposed_transfers') }}
    where rule = 'issue'
    group by group_no

)

select
    legs.request_no,
    legs.points,
    legs.face_minor
from legs
left join {{ ref('requests') }} as requests on legs.request_no = requests.request_no
where
    requests.request_no is null
    or legs.points > requests.points
    or {{ wide('legs.points') }} * requests.face_minor
    <> {{ wide('legs.face_minor') }} * requests.points
