-- Law 2: in each unit all debits equal all credits, in each batch and in total.
-- Looks at: ledger.transfers

with

sides as (

    select transfers.batch_no, accounts.unit, transfers.amount
    from ledger.transfers as transfers
    inner join ledger.accounts as accounts on transfers.debit_account = accounts.account_no
    union all
    select transfers.batch_no, accounts.unit, -transfers.amount as amount
    from ledger.transfers as transfers
    inner join ledger.accounts as accounts on transfers.credit_account = accounts.account_no

)

select
    concat('batch ', batch_no) as what,
    unit,
    sum(amount) as difference
from sides
group by batch_no, unit
having sum(amount) <> 0

union all

select
    'balances' as what,
    unit,
    sum(debits) - sum(credits) as difference
from ledger.balances
group by unit
having sum(debits) <> sum(credits)
