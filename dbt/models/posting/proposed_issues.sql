-- The requests whose issue this batch posts, with its transaction.

select distinct
    group_no as request_no,
    batch_no,
    transaction_no
from {{ ref('proposed_transfers') }}
where rule = 'issue'
