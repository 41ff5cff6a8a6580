-- Requests that hold points and have no voucher yet, for what cancellations have left of them.

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
    requests.batch_no,
    advocates.advocate,
    partners.partner as merchant,
    requests.reward,
    cast(requests.points - coalesce(restored.points, 0) as bigint) as points,
    cast(
        {{ floor_div(
            wide('requests.face_minor') ~ ' * (requests.points - coalesce(restored.points, 0))',
            wide('requests.points')
        ) }}
        as bigint
    ) as face_minor,
    requests.currency,
    requests.usable_days,
    requests.deliver_to,
    requests.requested_on
from {{ ref('requests') }} as requests
inner join {{ ref('advocates') }} as advocates on requests.advocate_no = advocates.advocate_no
inner join {{ source('raw', 'partners') }} as partners on requests.partner_no = partners.partner_no
left join {{ ref('issues') }} as issues on requests.request_no = issues.request_no
left join restored on requests.request_no = restored.request_no
where
    issues.request_no is null
    and requests.points > coalesce(restored.points, 0)
