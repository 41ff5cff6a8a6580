-- Law 3: the lots of an advocate add up to the advocate's accounts.

with

touched as (

    select distinct advocate_no from {{ ref('proposed_lots') }}

),

lots_after as (

    select lot_no, advocate_no, pending, available, held from {{ ref('proposed_lots') }}
    union all
    select lots.lot_no, lots.advocate_no, lots.pending, lots.available, lots.held
    from {{ ref('lots') }} as lots
    left join {{ ref('proposed_lots') }} as proposed on lots.lot_no = proposed.lot_no
    where proposed.lot_no is null

),

by_lots as (

    select
        lots_after.advocate_no,
        sum(lots_after.pending) as pending,
        sum(lots_after.available) as available,
        sum(lots_after.held) as held
    from lots_after
    inner join touched on lots_after.advocate_no = touched.advocate_no
    group by lots_after.advocate_no

),

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
    by_lots.advocate_no,
    by_lots.pending,
    by_lots.available,
    by_lots.held
from by_lots
left join all_balances as pending on by_lots.advocate_no * 8 + 1 = pending.account_no
left join all_balances as available on by_lots.advocate_no * 8 + 2 = available.account_no
left join all_balances as held on by_lots.advocate_no * 8 + 3 = held.account_no
where
    by_lots.pending <> coalesce(pending.credits - pending.debits, 0)
    or by_lots.available <> coalesce(available.credits - available.debits, 0)
    or by_lots.held <> coalesce(held.credits - held.debits, 0)
