-- What the batch's cancellations gave back of each transfer that held points (S9).

select
    restored.request_no,
    restored.request_transfer_no,
    restored.taken_lot_no as lot_no,
    restored.amount,
    stg_batch.batch_no,
    restored.file_no,
    restored.line_no
from {{ ref('restored_lots') }} as restored
cross join {{ ref('stg_batch') }} as stg_batch
