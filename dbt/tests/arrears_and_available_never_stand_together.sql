-- Law 3: while an advocate owes points, none are available (S10).

with

all_balances as (

    select account_no, debits, credits from {{ ref('proposed_balances') }}
    union all
    select balances.account_no, balances.debits, balances.credits
    from {{ ref('balances') }} as balances
    left join {{ ref('proposed_balances') }} as proposed
        on balances.account_no = proposed.account_no
    where proposed.account_no is null

)

select
    arrears.account_no,
    arrears.debits - arrears.credits as arrears,
    available.credits - available.debits as available
from all_balances as arrears
inner join all_balances as available
    on arrears.account_no - 4 = available.account_no - 2
where
    arrears.account_no > 8000
    and arrears.account_no % 8 = 4
    and arrears.debits > arrears.credits
    and available.credits > available.debits
