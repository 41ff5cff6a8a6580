-- Law 8: nothing is effective before the first day of the period that was open for its batch.
-- Looks at: ledger.transfers

select
    transfers.transfer_no,
    transfers.batch_no,
    transfers.effective_on,
    batches.open_from
from ledger.transfers as transfers
inner join ledger.batches as batches on transfers.batch_no = batches.batch_no
where transfers.effective_on < batches.open_from
