-- A batch, with the fields that its seal binds and in their order.

select batch_no, previous_head, as_of, n_transfers, totals, rulepack_sha256, head
from ledger.batches where batch_no = $batch_no
