-- Law 3: the lots of an advocate add up to the advocate's accounts.
-- Looks at: ledger.lots

with

by_lots as (

    select
        advocate_no,
        sum(pending) as pending,
        sum(available) as available,
        sum(held) as held
    from ledger.lots
    group by advocate_no

),

by_accounts as (

    select
        accounts.advocate_no,
        sum(case when accounts.account_kind = 'pending' then credits - debits else 0 end)
            as pending,
        sum(case when accounts.account_kind = 'available' then credits - debits else 0 end)
            as available,
        sum(case when accounts.account_kind = 'held' then credits - debits else 0 end) as held
    from ledger.accounts as accounts
    inner join ledger.balances as balances on accounts.account_no = balances.account_no
    where accounts.account_kind in ('pending', 'available', 'held')
    group by accounts.advocate_no

)

select
    coalesce(by_lots.advocate_no, by_accounts.advocate_no) as advocate_no,
    by_lots.pending,
    by_accounts.pending as pending_account,
    by_lots.available,
    by_accounts.available as available_account,
    by_lots.held,
    by_accounts.held as held_account
from by_lots
full join by_accounts on by_lots.advocate_no = by_accounts.advocate_no
where
    coalesce(by_lots.pending, 0) <> coalesce(by_accounts.pending, 0)
    or coalesce(by_lots.available, 0) <> coalesce(by_accounts.available, 0)
    or coalesce(by_lots.held, 0) <> coalesce(by_accounts.held, 0)
