-- Law 5: what is payable to a merchant grows by each claim that was not declined, shrinks by each
-- payment with its discount, and is never negative; nor is what is outstanding.

with

due as (

    select
        partner_no,
        sum(amount) as amount
    from (
        select
            partner_no,
            face_minor as amount
        from {{ ref('batch_claims') }}
        where code is null
        union all
        select
            partner_no,
            -amount_minor - discount_minor as amount
        from {{ ref('batch_payments') }}
        where code is null
    ) as papers
    group by partner_no

),

moved as (

    select
        {{ floor_div('movements.account_no - 1000', '8') }} as partner_no,
        movements.credits - movements.debits as amount
    from {{ ref('account_movements') }} as movements
    where
        movements.account_no between 1000 and 7999
        and movements.account_no % 8 = 2

)

select
    coalesce(due.partner_no, moved.partner_no) as partner_no,
    due.amount as due_minor,
    moved.amount as moved_minor
from due
full join moved on due.partner_no = moved.partner_no
where coalesce(due.amount, 0) <> coalesce(moved.amount, 0)

union all

select
    {{ floor_div('account_no - 1000', '8') }} as partner_no,
    0 as due_minor,
    credits - debits as moved_minor
from {{ ref('proposed_balances') }}
where
    account_no between 1000 and 7999
    and credits < debits
