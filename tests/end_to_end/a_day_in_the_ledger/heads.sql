-- Every batch and its head.

select batch_no, as_of, n_transfers, head from ledger.batches order by batch_no
