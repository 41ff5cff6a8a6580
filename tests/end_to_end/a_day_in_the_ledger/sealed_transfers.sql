-- The transfers of a batch, with the fields that its seal binds and in their order.

select transfer_no, transaction_no, batch_no, rule, unit, debit_account, credit_account, amount,
    event_on, effective_on, lot_no, subject_no, campaign_no, reverses_transfer_no, approval_no
from ledger.transfers where batch_no = $batch_no order by transfer_no
