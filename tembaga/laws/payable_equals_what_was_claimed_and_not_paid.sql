-- Law 5: what is payable to a merchant grows by each claim that was not declined, shrinks by each
-- payment with its discount, and is never negative after any batch.
-- Looks at: raw.claims

with

papers as (

    select
        files.batch_no,
        claims.merchant,
        claims.amount_minor as used_minor,
        0 as paid_minor,
        0 as discount_minor
    from raw.claims as claims
    inner join ledger.files as files on claims.file_no = files.file_no
    left join ledger.declined as declined
        on claims.file_no = declined.file_no
        and claims.line_no = declined.line_no
    where declined.file_no is null
    union all
    select
        files.batch_no,
        payments.merchant,
        0 as used_minor,
        payments.amount_minor as paid_minor,
        payments.discount_minor
    from raw.payments as payments
    inner join ledger.files as files on payments.file_no = files.file_no
    left join ledger.declined as declined
        on payments.file_no = declined.file_no
        and payments.line_no = declined.line_no
    where declined.file_no is null

),

written as (

    select
        batch_no,
        merchant,
        sum(used_minor) as used_minor,
        sum(paid_minor) as paid_minor,
        sum(discount_minor) as discount_minor
    from papers
    group by batch_no, merchant

),

booked as (

    select
        transfers.batch_no,
        coalesce(partners.partner, '-') as merchant,
        sum(case when transfers.rule = 'use' then transfers.amount else 0 end) as used_minor,
        sum(case
            when transfers.rule = 'settle' and transfers.leg = 1 then transfers.amount else 0
        end) as paid_minor,
        sum(case
            when transfers.rule = 'settle' and transfers.leg = 2 then transfers.amount else 0
        end) as discount_minor
    from ledger.transfers as transfers
    left join ledger.accounts as accounts
        on accounts.account_kind = 'vouchers_payable'
        and accounts.account_no = case
            when transfers.rule = 'use' then transfers.credit_account
            else transfers.debit_account
        end
    left join raw.partners as partners on accounts.partner_no = partners.partner_no
    where transfers.rule in ('use', 'settle')
    group by transfers.batch_no, coalesce(partners.partner, '-')

),

payable as (

    select
        accounts.path,
        sides.batch_no,
        sum(sum(sides.amount)) over (
            partition by accounts.path order by sides.batch_no
        ) as amount
    from (
        select
            credit_account as account_no,
            batch_no,
            amount
        from ledger.transfers
        union all
        select
            debit_account as account_no,
            batch_no,
            -amount as amount
        from ledger.transfers
    ) as sides
    inner join ledger.accounts as accounts on sides.account_no = accounts.account_no
    where accounts.account_kind = 'vouchers_payable'
    group by accounts.path, sides.batch_no

)

select
    coalesce(written.merchant, booked.merchant) as what,
    coalesce(written.batch_no, booked.batch_no) as batch_no,
    coalesce(written.used_minor, 0) - coalesce(booked.used_minor, 0) as used_minor,
    coalesce(written.paid_minor, 0) - coalesce(booked.paid_minor, 0) as paid_minor,
    coalesce(written.discount_minor, 0) - coalesce(booked.discount_minor, 0) as discount_minor
from written
full join booked
    on written.batch_no = booked.batch_no
    and written.merchant = booked.merchant
where
    coalesce(written.used_minor, 0) <> coalesce(booked.used_minor, 0)
    or coalesce(written.paid_minor, 0) <> coalesce(booked.paid_minor, 0)
    or coalesce(written.discount_minor, 0) <> coalesce(booked.discount_minor, 0)

union all

select
    path as what,
    batch_no,
    amount as used_minor,
    null as paid_minor,
    null as discount_minor
from payable
where amount < 0
