-- What the batch debits and credits on each account that it touches.

with

sides as (

    select
        debit_account as account_no,
        unit,
        amount as debits,
        cast(0 as bigint) as credits
    from {{ ref('proposed_transfers') }}
    union all
    select
        credit_account as account_no,
        unit,
        cast(0 as bigint) as debits,
        amount as credits
    from {{ ref('proposed_transfers') }}

)

select
    account_no,
    min(unit) as unit,
    cast(sum(debits) as bigint) as debits,
    cast(sum(credits) as bigint) as credits
from sides
group by account_no
