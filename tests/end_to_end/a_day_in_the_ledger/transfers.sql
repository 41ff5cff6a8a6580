-- The transfers of a batch, with the paths of their accounts.

select transfer_no, transaction_no, rule, debited.path as debit, credited.path as credit,
    transfers.unit, amount, event_on, effective_on, lot_no
from ledger.transfers as transfers
inner join ledger.accounts as debited on debit_account = debited.account_no
inner join ledger.accounts as credited on credit_account = credited.account_no
where transfers.batch_no = $batch_no order by transfer_no
