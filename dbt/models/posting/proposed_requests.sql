-- The batch's requests with the transaction that holds their points.

select
    batch_requests.request_no,
    stg_batch.batch_no,
    transactions.transaction_no,
    batch_requests.advocate_no,
    batch_requests.partner_no,
    batch_requests.reward,
    batch_requests.points,
    batch_requests.face_minor,
    batch_requests.currency,
    batch_requests.usable_days,
    batch_requests.deliver_to,
    batch_requests.requested_on,
    batch_requests.file_no,
    batch_requests.line_no,
    batch_requests.request_id
from {{ ref('batch_requests') }} as batch_requests
inner join (
    select distinct group_no, transaction_no
    from {{ ref('proposed_transfers') }}
    where rule = 'request'
) as transactions
    on batch_requests.request_no = transactions.group_no
cross join {{ ref('stg_batch') }} as stg_batch
