-- Law 2: in each unit all debits equal all credits, in the batch and in total.

with

in_batch as (

    select unit, debits, credits from {{ ref('account_movements') }}

),

after_batch as (

    select unit, debits, credits from {{ ref('proposed_balances') }}
    union all
    select balances.unit, balances.debits, balances.credits
    from {{ ref('balances') }} as balances
    left join {{ ref('proposed_balances') }} as proposed
        on balances.account_no = proposed.account_no
    where proposed.account_no is null

)

select
    'batch' as reach,
    unit,
    sum(debits) - sum(credits) as difference
from in_batch
group by unit
having sum(debits) <> sum(credits)

union all

select
    'total' as reach,
    unit,
    sum(debits) - sum(credits) as difference
from after_batch
group by unit
having sum(debits) <> sum(credits)
