-- The accounts that the batch touches, as they will stand after it.

select
    account_movements.account_no,
    account_movements.unit,
    cast(account_movements.debits + coalesce(balances.debits, 0) as bigint) as debits,
    cast(account_movements.credits + coalesce(balances.credits, 0) as bigint) as credits,
    stg_batch.as_of as moved_on
from {{ ref('account_movements') }} as account_movements
cross join {{ ref('stg_batch') }} as stg_batch
left join {{ ref('balances') }} as balances on account_movements.account_no = balances.account_no
