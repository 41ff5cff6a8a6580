-- The lots that the issued requests hold: those that the request took, and as much of them.

select
    batch_issues.request_no,
    batch_issues.advocate_no,
    transfers.lot_no,
    transfers.amount
from {{ ref('batch_issues') }} as batch_issues
inner join {{ ref('transfers') }} as transfers
    on batch_issues.request_batch_no = transfers.batch_no
    and batch_issues.request_transaction_no = transfers.transaction_no
