-- The trial balance after the last batch: accounts of one kind are added up.

select
    accounts.account_kind,
    replace(chart_of_accounts.path, '<u>', balances.unit) as account,
    balances.unit,
    cast(sum(
        case when balances.debits > balances.credits then balances.debits - balances.credits else 0 end
    ) as bigint) as debit,
    cast(sum(
        case when balances.credits > balances.debits then balances.credits - balances.debits else 0 end
    ) as bigint) as credit
from {{ ref('balances') }} as balances
inner join {{ ref('accounts') }} as accounts on balances.account_no = accounts.account_no
inner join {{ ref('chart_of_accounts') }} as chart_of_accounts
    on accounts.account_kind = chart_of_accounts.account_kind
group by accounts.account_kind, chart_of_accounts.path, balances.unit
