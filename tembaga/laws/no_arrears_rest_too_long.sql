-- Law 3: after the last batch of a day nobody owes what has rested for as long as is waited (S10).
-- Looks at: ledger.balances

select
    accounts.advocate_no,
    balances.debits - balances.credits as owed,
    balances.moved_on
from ledger.accounts as accounts
inner join ledger.balances as balances on accounts.account_no = balances.account_no
cross join (
    select max(as_of) as as_of
    from ledger.batches
    where kind = 'day'
) as last_day
cross join (
    select max(write_off_days) as days from raw.programme
) as waited
where
    accounts.account_kind = 'arrears'
    and balances.debits > balances.credits
    and balances.moved_on + cast(waited.days as integer) <= last_day.as_of
