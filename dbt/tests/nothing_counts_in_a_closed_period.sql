-- Law 8: nothing is effective before the first day of the open period.

select
    transfers.transfer_no,
    transfers.effective_on,
    stg_batch.open_from
from {{ ref('proposed_transfers') }} as transfers
cross join {{ ref('stg_batch') }} as stg_batch
where
    transfers.effective_on < stg_batch.open_from
    or stg_batch.as_of < stg_batch.open_from
