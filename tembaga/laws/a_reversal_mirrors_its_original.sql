-- Law 4: what takes a transfer back comes after it, on the same lot, and never takes back more
-- than it moved; the reversal of a batch is the mirror of each of its transfers, once.
-- Looks at: ledger.transfers

with

reversing as (

    select
        transfers.transfer_no,
        transfers.rule,
        transfers.leg,
        transfers.amount,
        transfers.lot_no,
        transfers.debit_account,
        transfers.credit_account,
        transfers.reverses_transfer_no,
        originals.transfer_no as original_no,
        originals.batch_no as original_batch_no,
        originals.rule as original_rule,
        originals.lot_no as original_lot_no,
        originals.amount as original_amount,
        originals.debit_account as original_debit,
        originals.credit_account as original_credit
    from ledger.transfers as transfers
    left join ledger.transfers as originals
        on transfers.reverses_transfer_no = originals.transfer_no
    where
        transfers.reverses_transfer_no is not null
        or transfers.rule in ('reverse', 'reject', 'unexpire')
        or (transfers.rule = 'cancel' and transfers.leg = 1)

),

taken_back as (

    select
        original_no,
        min(original_amount) as original_amount,
        sum(amount) as amount
    from reversing
    where rule in ('reverse', 'reject', 'cancel')
    group by original_no

),

reversed_batches as (

    select distinct original_batch_no as batch_no
    from reversing
    where rule = 'reverse'

)

select
    concat('transfer ', transfer_no, ' takes back ', reverses_transfer_no) as what,
    amount,
    original_amount
from reversing
where
    original_no is null
    or original_no >= transfer_no
    or coalesce(lot_no, 0) <> coalesce(original_lot_no, 0)
    or (rule in ('reject', 'cancel') and original_rule <> 'request')
    or (rule = 'unexpire' and original_rule <> 'expire')
    or rule not in ('reverse', 'reject', 'cancel', 'unexpire')
    or (
        rule = 'reverse'
        and (
            amount <> original_amount
            or debit_account <> original_credit
            or credit_account <> original_debit
        )
    )

union all

select
    concat('transfer ', original_no, ' is taken back too often') as what,
    amount,
    original_amount
from taken_back
where amount > original_amount

union all

select
    concat('transfer ', originals.transfer_no, ' of a reversed batch stands') as what,
    0 as amount,
    originals.amount as original_amount
from ledger.transfers as originals
inner join reversed_batches on originals.batch_no = reversed_batches.batch_no
left join reversing
    on originals.transfer_no = reversing.original_no
    and reversing.rule = 'reverse'
where reversing.transfer_no is null
