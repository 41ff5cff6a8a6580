-- Law 3: no account of an advocate stands on its wrong side, and no lot below zero.

with

all_accounts as (

    select account_no, path, normal_side, advocate_no from {{ ref('accounts') }}
    union all
    select account_no, path, normal_side, advocate_no from {{ ref('proposed_accounts') }}

)

select
    all_accounts.path as what,
    balances.credits - balances.debits as amount
from {{ ref('proposed_balances') }} as balances
inner join all_accounts on balances.account_no = all_accounts.account_no
where
    all_accounts.advocate_no is not null
    and case
        when all_accounts.normal_side = 'credit' then balances.credits - balances.debits
        else balances.debits - balances.credits
    end < 0

union all

select
    concat('lot ', lot_no) as what,
    least(pending, available, held) as amount
from {{ ref('proposed_lots') }}
where
    pending < 0
    or available < 0
    or held < 0
