-- Law 1: transfers and transactions are numbered from 1 on without a gap or a repeat, batch after
-- batch.
-- Looks at: ledger.transfers

with

transfer_numbers as (

    select
        batch_no,
        transfer_no,
        transaction_no,
        lag(transfer_no, 1, cast(0 as bigint)) over (order by transfer_no) as previous_no,
        lag(batch_no, 1, 0) over (order by transfer_no) as previous_batch_no
    from ledger.transfers

),

transactions as (

    select
        transaction_no,
        min(batch_no) as first_batch_no,
        max(batch_no) as last_batch_no
    from ledger.transfers
    group by transaction_no

),

transaction_numbers as (

    select
        transactions.*,
        lag(transaction_no, 1, cast(0 as bigint)) over (order by transaction_no) as previous_no
    from transactions

)

select
    concat('transfer ', transfer_no, ' of batch ', batch_no) as what,
    previous_no as follows
from transfer_numbers
where transfer_no <> previous_no + 1 or batch_no < previous_batch_no

union all

select
    concat('transaction ', transaction_no, ' of batch ', first_batch_no) as what,
    previous_no as follows
from transaction_numbers
where transaction_no <> previous_no + 1 or first_batch_no <> last_batch_no
