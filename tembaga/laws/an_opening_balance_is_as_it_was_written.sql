-- Law 6: each line of a posted file of opening balances is one transfer of as much, of the day on
-- which it was earned, and there is no other opening balance.
-- Looks at: raw.opening_balances

with

posted as (

    select
        transfers.batch_no,
        cast(transfers.leg as integer) as leg,
        transfers.amount,
        transfers.event_on,
        count(*) as n_transfers
    from ledger.transfers as transfers
    where transfers.rule = 'opening'
    group by transfers.batch_no, cast(transfers.leg as integer), transfers.amount, transfers.event_on

),

written as (

    select
        files.batch_no,
        case when balances.points > 0 then 1 else 2 end as leg,
        abs(balances.points) as amount,
        balances.earned_on as event_on,
        count(*) as n_lines
    from raw.opening_balances as balances
    inner join ledger.files as files on balances.file_no = files.file_no
    group by
        files.batch_no,
        case when balances.points > 0 then 1 else 2 end,
        abs(balances.points),
        balances.earned_on

)

select
    coalesce(posted.batch_no, written.batch_no) as batch_no,
    coalesce(posted.leg, written.leg) as leg,
    coalesce(posted.amount, written.amount) as amount,
    coalesce(posted.event_on, written.event_on) as event_on,
    posted.n_transfers,
    written.n_lines
from posted
full join written
    on posted.batch_no = written.batch_no
    and posted.leg = written.leg
    and posted.amount = written.amount
    and posted.event_on = written.event_on
where
    posted.n_transfers is null
    or written.n_lines is null
    or posted.n_transfers <> written.n_lines
