-- Law 8: nothing is effective after the day of the batch; batches are gapless and never go back.

select
    concat('transfer ', transfers.transfer_no) as what,
    transfers.effective_on as found_on
from {{ ref('proposed_transfers') }} as transfers
cross join {{ ref('stg_batch') }} as stg_batch
where transfers.effective_on > stg_batch.as_of

union all

select
    concat('batch ', stg_batch.batch_no) as what,
    stg_batch.as_of as found_on
from {{ ref('stg_batch') }} as stg_batch
cross join (
    select
        coalesce(max(batch_no), 0) as batch_no,
        max(as_of) as as_of
    from {{ ref('batches') }}
) as last
where
    stg_batch.batch_no <> last.batch_no + 1
    or stg_batch.as_of < last.as_of
