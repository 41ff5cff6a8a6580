-- Law 3: no account of an advocate and no lot is ever below zero, at the end of any effective day.
-- Looks at: ledger.transfers

with

sides as (

    select
        accounts.account_no,
        accounts.account_kind,
        transfers.lot_no,
        transfers.effective_on,
        case
            when accounts.normal_side = 'debit' then transfers.amount else -transfers.amount
        end as amount
    from ledger.transfers as transfers
    inner join ledger.accounts as accounts on transfers.debit_account = accounts.account_no
    where accounts.advocate_no is not null
    union all
    select
        accounts.account_no,
        accounts.account_kind,
        transfers.lot_no,
        transfers.effective_on,
        case
            when accounts.normal_side = 'credit' then transfers.amount else -transfers.amount
        end as amount
    from ledger.transfers as transfers
    inner join ledger.accounts as accounts on transfers.credit_account = accounts.account_no
    where accounts.advocate_no is not null

),

accounts_by_day as (

    select
        account_no,
        effective_on,
        sum(sum(amount)) over (partition by account_no order by effective_on) as amount
    from sides
    group by account_no, effective_on

),

lots_by_day as (

    select
        lot_no,
        account_kind,
        effective_on,
        sum(sum(amount)) over (partition by lot_no, account_kind order by effective_on) as amount
    from sides
    where lot_no is not null and account_kind in ('pending', 'available', 'held')
    group by lot_no, account_kind, effective_on

)

select
    accounts.path as what,
    accounts_by_day.effective_on as found_on,
    accounts_by_day.amount
from accounts_by_day
inner join ledger.accounts as accounts on accounts_by_day.account_no = accounts.account_no
where accounts_by_day.amount < 0

union all

select
    concat('lot ', lot_no, ', ', account_kind) as what,
    effective_on as found_on,
    amount
from lots_by_day
where amount < 0

union all

select
    concat('lot ', lot_no) as what,
    null as found_on,
    least(pending, available, held, expired, clipped) as amount
from ledger.lots
where least(pending, available, held, expired, clipped) < 0
