-- Law 5: what is outstanding at each merchant is the face of the vouchers that were issued and
-- neither used, expired nor cancelled.
-- Looks at: ledger.issues

with

outstanding as (

    select
        accounts.partner_no,
        sum(sides.amount) as face_minor
    from (
        select
            credit_account as account_no,
            amount
        from ledger.transfers
        union all
        select
            debit_account as account_no,
            -amount as amount
        from ledger.transfers
    ) as sides
    inner join ledger.accounts as accounts on sides.account_no = accounts.account_no
    where accounts.account_kind = 'vouchers_outstanding'
    group by accounts.partner_no

),

open_vouchers as (

    select
        requests.partner_no,
        requests.transaction_no,
        issues.transaction_no as issue_transaction_no
    from ledger.issues as issues
    inner join ledger.requests as requests on issues.request_no = requests.request_no
    left join ledger.uses as uses on issues.request_no = uses.request_no
    where uses.request_no is null

),

left_over as (

    select
        partner_no,
        sum(amount) as face_minor
    from (
        select
            open_vouchers.partner_no,
            transfers.amount
        from open_vouchers
        inner join ledger.transfers as transfers
            on open_vouchers.issue_transaction_no = transfers.transaction_no
            and transfers.leg = 2
        union all
        select
            open_vouchers.partner_no,
            -transfers.amount as amount
        from open_vouchers
        inner join (
            select distinct
                taken_back.transaction_no,
                held.transaction_no as request_transaction_no
            from ledger.transfers as taken_back
            inner join ledger.transfers as held
                on taken_back.reverses_transfer_no = held.transfer_no
            where taken_back.rule = 'cancel'
        ) as cancels
            on open_vouchers.transaction_no = cancels.request_transaction_no
        inner join ledger.transfers as transfers
            on cancels.transaction_no = transfers.transaction_no
            and transfers.leg = 2
    ) as faces
    group by partner_no

)

select
    coalesce(outstanding.partner_no, left_over.partner_no) as partner_no,
    outstanding.face_minor as outstanding_minor,
    left_over.face_minor as left_minor
from outstanding
full join left_over on outstanding.partner_no = left_over.partner_no
where coalesce(outstanding.face_minor, 0) <> coalesce(left_over.face_minor, 0)
