-- What merged advocates owe: those that they are merged into owe it now (S23).

select
    batch_merges.advocate_no,
    batch_merges.into_advocate_no,
    balances.debits - balances.credits as amount
from {{ ref('batch_merges') }} as batch_merges
inner join {{ ref('balances') }} as balances on batch_merges.advocate_no * 8 + 4 = balances.account_no
where
    batch_merges.code is null
    and balances.debits > balances.credits
