-- Requests that hold points and have no voucher yet.

select
    requests.request_no,
    requests.batch_no,
    advocates.advocate,
    partners.partner as merchant,
    requests.reward,
    requests.points,
    requests.face_minor,
    requests.currency,
    requests.usable_days,
    requests.deliver_to,
    requests.requested_on
from {{ ref('requests') }} as requests
inner join {{ ref('advocates') }} as advocates on requests.advocate_no = advocates.advocate_no
inner join {{ source('raw', 'partners') }} as partners on requests.partner_no = partners.partner_no
left join {{ ref('issues') }} as issues on requests.request_no = issues.request_no
where issues.request_no is null
