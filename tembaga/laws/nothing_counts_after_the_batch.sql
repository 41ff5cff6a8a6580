-- Law 8: nothing is effective after the day of its batch; batches are gapless and never go back.
-- Looks at: ledger.batches

with

in_order as (

    select
        batch_no,
        as_of,
        lag(batch_no, 1, 0) over (order by batch_no) as previous_no,
        lag(as_of) over (order by batch_no) as previous_as_of
    from ledger.batches

)

select
    concat('transfer ', transfers.transfer_no) as what,
    transfers.effective_on as found_on,
    batches.as_of as allowed_on
from ledger.transfers as transfers
left join ledger.batches as batches on transfers.batch_no = batches.batch_no
where batches.batch_no is null or transfers.effective_on > batches.as_of

union all

select
    concat('batch ', batch_no, ' after ', previous_no) as what,
    as_of as found_on,
    previous_as_of as allowed_on
from in_order
where batch_no <> previous_no + 1 or as_of < previous_as_of
