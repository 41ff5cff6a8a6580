-- Law 10: a statement closes with what the ledger held at its batch.
-- Looks at: register_statements

with

movements as (

    select
        accounts.advocate_no,
        accounts.account_kind,
        sides.batch_no,
        case when accounts.normal_side = sides.side then sides.amount else -sides.amount end
            as amount
    from (
        select debit_account as account_no, 'debit' as side, batch_no, amount
        from ledger.transfers
        union all
        select credit_account as account_no, 'credit' as side, batch_no, amount
        from ledger.transfers
    ) as sides
    inner join ledger.accounts as accounts on sides.account_no = accounts.account_no
    where accounts.advocate_no is not null

),

after_batches as (

    select
        advocate_no,
        account_kind,
        batch_no,
        sum(sum(amount)) over (
            partition by advocate_no, account_kind order by batch_no
        ) as amount,
        lead(batch_no) over (
            partition by advocate_no, account_kind order by batch_no
        ) as next_batch_no
    from movements
    group by advocate_no, account_kind, batch_no

)

select
    statements.statement_no,
    statements.advocate,
    statements.batch_no,
    statements.account,
    statements.points,
    after_batches.amount as found
from register_statements as statements
left join ledger.advocates as advocates on statements.advocate = advocates.advocate
left join after_batches
    on advocates.advocate_no = after_batches.advocate_no
    and statements.account = after_batches.account_kind
    and statements.batch_no >= after_batches.batch_no
    and (
        after_batches.next_batch_no is null
        or statements.batch_no < after_batches.next_batch_no
    )
where statements.points <> coalesce(after_batches.amount, 0)
