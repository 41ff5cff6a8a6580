-- Requests whose vouchers were issued since the last batch; each is posted once, for what
-- cancellations have left of it.

with

restored as (

    select
        request_no,
        sum(amount) as points
    from {{ ref('restores') }}
    group by request_no

)

select
    requests.request_no,
    requests.transaction_no as request_transaction_no,
    requests.batch_no as request_batch_no,
    requests.advocate_no,
    requests.partner_no,
    requests.points as price,
    cast(requests.points - coalesce(restored.points, 0) as bigint) as points,
    cast(
        {{ floor_div(
            wide('requests.face_minor') ~ ' * (requests.points - coalesce(restored.points, 0))',
            wide('requests.points')
        ) }}
        as bigint
    ) as face_minor,
    requests.currency
from {{ source('raw', 'issued_requests') }} as issued_requests
inner join {{ ref('requests') }} as requests
    on issued_requests.request_no = requests.request_no
left join {{ ref('issues') }} as issues on requests.request_no = issues.request_no
left join restored on requests.request_no = restored.request_no
where
    issues.request_no is null
    and requests.points > coalesce(restored.points, 0)
