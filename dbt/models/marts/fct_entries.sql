-- The ledger as debits and credits: two entries for each transfer.

select
    transfers.batch_no,
    transfers.transaction_no,
    transfers.transfer_no,
    transfers.rule,
    accounts.account_no,
    accounts.path as account,
    transfers.unit,
    sides.side,
    transfers.amount,
    transfers.event_on,
    transfers.effective_on,
    transfers.lot_no
from {{ ref('transfers') }} as transfers
cross join (select 'debit' as side union all select 'credit' as side) as sides
inner join {{ ref('accounts') }} as accounts
    on case
        when sides.side = 'debit' then transfers.debit_account else transfers.credit_account
    end = accounts.account_no
