-- Law 3: each lot has what its transfers moved on it, and nothing else.
-- Looks at: ledger.lots

with

sides as (

    select
        transfers.lot_no,
        transfers.rule,
        transfers.leg,
        transfers.amount,
        debited.account_kind as debit_kind,
        credited.account_kind as credit_kind
    from ledger.transfers as transfers
    inner join ledger.accounts as debited on transfers.debit_account = debited.account_no
    inner join ledger.accounts as credited on transfers.credit_account = credited.account_no
    where transfers.lot_no is not null

),

moved as (

    select
        lot_no,
        sum(
            case when credit_kind = 'pending' then amount else 0 end
            - case when debit_kind = 'pending' then amount else 0 end
        ) as pending,
        sum(
            case when credit_kind = 'available' then amount else 0 end
            - case when debit_kind = 'available' then amount else 0 end
        ) as available,
        sum(
            case when credit_kind = 'held' then amount else 0 end
            - case when debit_kind = 'held' then amount else 0 end
        ) as held,
        sum(
            case
                when rule = 'expire' and leg = 1 then amount
                when rule = 'unexpire' then -amount
                else 0
            end
        ) as expired,
        sum(case rule when 'earn_cap' then amount when 'uncap' then -amount else 0 end)
            as clipped
    from sides
    group by lot_no

)

select
    coalesce(lots.lot_no, moved.lot_no) as lot_no,
    lots.pending,
    moved.pending as moved_pending,
    lots.available,
    moved.available as moved_available,
    lots.held,
    moved.held as moved_held,
    lots.expired,
    moved.expired as moved_expired,
    lots.clipped,
    moved.clipped as moved_clipped
from ledger.lots as lots
full join moved on lots.lot_no = moved.lot_no
where
    lots.lot_no is null
    or lots.pending <> coalesce(moved.pending, 0)
    or lots.available <> coalesce(moved.available, 0)
    or lots.held <> coalesce(moved.held, 0)
    or lots.expired <> coalesce(moved.expired, 0)
    or lots.clipped <> coalesce(moved.clipped, 0)
