-- Law 3: after a day's batch nobody owes what has rested for as long as is waited (S10).

select
    accounts.advocate_no,
    balances.debits - balances.credits as owed,
    balances.moved_on
from {{ ref('accounts') }} as accounts
inner join {{ ref('balances') }} as balances on accounts.account_no = balances.account_no
cross join {{ ref('stg_batch') }} as stg_batch
cross join {{ ref('stg_programme') }} as stg_programme
where
    accounts.account_kind = 'arrears'
    and balances.debits > balances.credits
    and stg_batch.kind = 'day'
    and {{ days_after('balances.moved_on', 'stg_programme.write_off_days') }} <= stg_batch.as_of
    and balances.account_no not in (select account_no from {{ ref('proposed_balances') }})
