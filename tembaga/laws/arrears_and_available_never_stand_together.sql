-- Law 3: while an advocate owes points, none are available, after any batch (S10).
-- Looks at: ledger.transfers

with

sides as (

    select accounts.advocate_no, accounts.account_kind, transfers.batch_no, transfers.amount
    from ledger.transfers as transfers
    inner join ledger.accounts as accounts on transfers.debit_account = accounts.account_no
    where accounts.account_kind in ('available', 'arrears')
    union all
    select
        accounts.advocate_no,
        accounts.account_kind,
        transfers.batch_no,
        -transfers.amount as amount
    from ledger.transfers as transfers
    inner join ledger.accounts as accounts on transfers.credit_account = accounts.account_no
    where accounts.account_kind in ('available', 'arrears')

),

after_batches as (

    select
        advocate_no,
        batch_no,
        sum(sum(case when account_kind = 'available' then -amount else 0 end)) over (
            partition by advocate_no order by batch_no
        ) as available,
        sum(sum(case when account_kind = 'arrears' then amount else 0 end)) over (
            partition by advocate_no order by batch_no
        ) as arrears
    from sides
    group by advocate_no, batch_no

)

select
    advocate_no,
    batch_no,
    available,
    arrears
from after_batches
where available > 0 and arrears > 0
