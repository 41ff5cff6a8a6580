-- Requests whose vouchers were issued since the last batch; each is posted once.

select
    requests.request_no,
    requests.transaction_no as request_transaction_no,
    requests.batch_no as request_batch_no,
    requests.advocate_no,
    requests.partner_no,
    requests.face_minor,
    requests.currency
from {{ source('raw', 'issued_requests') }} as issued_requests
inner join {{ ref('requests') }} as requests
    on issued_requests.request_no = requests.request_no
left join {{ ref('issues') }} as issues on requests.request_no = issues.request_no
where issues.request_no is null
