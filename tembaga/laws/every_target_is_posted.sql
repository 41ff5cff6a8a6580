-- Law 7: each subject has had its target, which is the whole points of its exact weight, so that
-- proposing it again proposes nothing (S0); other lots have no subject.
-- Looks at: ledger.lots

with

moved as (

    select
        transfers.subject_no,
        sum(
            case when debited.account_kind = 'issued_base' then transfers.amount else 0 end
            - case when credited.account_kind = 'issued_base' then transfers.amount else 0 end
        ) as points
    from ledger.transfers as transfers
    inner join ledger.accounts as debited on transfers.debit_account = debited.account_no
    inner join ledger.accounts as credited on transfers.credit_account = credited.account_no
    where transfers.subject_no is not null
    group by transfers.subject_no

)

select
    coalesce(lots.lot_no, moved.subject_no) as subject_no,
    lots.origin,
    lots.posted,
    moved.points as moved,
    lots.weight,
    lots.divisor
from ledger.lots as lots
full join moved on lots.lot_no = moved.subject_no
where
    lots.lot_no is null
    or lots.posted <> coalesce(moved.points, 0)
    or (
        lots.origin = 'sale'
        and case
            when lots.weight >= 0
                then cast(lots.posted as decimal(38, 0)) * lots.divisor > lots.weight
                or cast(lots.posted + 1 as decimal(38, 0)) * lots.divisor <= lots.weight
            else lots.posted <> 0
        end
    )
