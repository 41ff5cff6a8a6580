-- Law 5: after a valuation the provision is what the points of its cohorts are expected to cost,
-- rounded down once; these points are all that stand on the accounts of advocates; and without a
-- valuation the provision does not move (S18).

with

valued as (

    select
        sum(points) as points,
        {{ floor_div(wide('sum(' ~ wide('points') ~ ' * expected)'), wide('min(divisor)')) }}
            as provision
    from {{ ref('batch_valuations') }}
    having count(*) > 0

),

chart as (

    select code from {{ ref('chart_of_accounts') }} where account_kind = 'provision'

),

all_balances as (

    select proposed.account_no, proposed.credits - proposed.debits as amount
    from {{ ref('proposed_balances') }} as proposed
    union all
    select balances.account_no, balances.credits - balances.debits as amount
    from {{ ref('balances') }} as balances
    cross join valued
    where
        exists (select 1 from valued)  -- Balances are read after a valuation alone.
        and not exists (
            select 1
            from {{ ref('proposed_balances') }} as proposed
            where proposed.account_no = balances.account_no
        )

),

found as (

    select
        sum(case when all_balances.account_no = chart.code then all_balances.amount else 0 end)
            as provision,
        sum(
            case
                when all_balances.account_no > 8000 and all_balances.account_no % 8 in (1, 2, 3)
                    then all_balances.amount
                else 0
            end
        ) as points
    from all_balances
    cross join chart

)

select
    'provision' as what,
    valued.provision as expected,
    coalesce(found.provision, 0) as found
from valued
cross join found
where valued.provision <> coalesce(found.provision, 0)

union all

select
    'points' as what,
    valued.points as expected,
    coalesce(found.points, 0) as found
from valued
cross join found
where valued.points <> coalesce(found.points, 0)

union all

select
    concat('transfer ', transfers.transfer_no) as what,
    0 as expected,
    transfers.amount as found
from {{ ref('proposed_transfers') }} as transfers
inner join chart on transfers.debit_account = chart.code or transfers.credit_account = chart.code
where transfers.rule <> 'provision' or not exists (select 1 from valued)
