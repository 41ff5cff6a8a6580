-- Law 2: each batch has as many transfers as it says, and ends with the numbers that it says.
-- Looks at: ledger.batches

with

found as (

    select
        batch_no,
        count(*) as n_transfers,
        max(transfer_no) as last_transfer_no,
        max(transaction_no) as last_transaction_no
    from ledger.transfers
    group by batch_no

)

select
    coalesce(batches.batch_no, found.batch_no) as batch_no,
    batches.n_transfers as said,
    found.n_transfers as found,
    batches.last_transfer_no as said_last_no,
    found.last_transfer_no as found_last_no
from ledger.batches as batches
full join found on batches.batch_no = found.batch_no
where
    batches.batch_no is null
    or batches.n_transfers <> coalesce(found.n_transfers, 0)
    or batches.last_transfer_no <> coalesce(found.last_transfer_no, batches.last_transfer_no)
    or batches.last_transaction_no
    <> coalesce(found.last_transaction_no, batches.last_transaction_no)
