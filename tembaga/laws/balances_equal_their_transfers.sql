-- Law 2: the balance of each account is the sum of its transfers, and says when it last moved.
-- Looks at: ledger.balances

with

sides as (

    select debit_account as account_no, unit, amount as debit, 0 as credit, batch_no
    from ledger.transfers
    union all
    select credit_account as account_no, unit, 0 as debit, amount as credit, batch_no
    from ledger.transfers

),

added_up as (

    select
        account_no,
        unit,
        sum(debit) as debits,
        sum(credit) as credits,
        max(batch_no) as batch_no
    from sides
    group by account_no, unit

)

select
    coalesce(balances.account_no, added_up.account_no) as account_no,
    balances.debits,
    balances.credits,
    added_up.debits as debits_of_transfers,
    added_up.credits as credits_of_transfers,
    balances.moved_on
from ledger.balances as balances
full join added_up
    on balances.account_no = added_up.account_no
    and balances.unit = added_up.unit
left join ledger.batches as batches on added_up.batch_no = batches.batch_no
where
    balances.account_no is null
    or added_up.account_no is null
    or balances.debits <> added_up.debits
    or balances.credits <> added_up.credits
    or coalesce(balances.moved_on <> batches.as_of, true)
