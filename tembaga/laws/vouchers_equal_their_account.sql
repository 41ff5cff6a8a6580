-- Law 5: the vouchers that the register has issued to each merchant are those that each batch
-- booked for it.
-- Looks at: register_vouchers

with

booked as (

    select
        transfers.batch_no,
        partners.partner as merchant,
        transfers.unit as currency,
        count(*) as vouchers,
        sum(transfers.amount) as face_minor
    from ledger.transfers as transfers
    inner join ledger.accounts as accounts on transfers.credit_account = accounts.account_no
    left join raw.partners as partners on accounts.partner_no = partners.partner_no
    where transfers.rule = 'issue' and transfers.leg = 2
    group by transfers.batch_no, partners.partner, transfers.unit

)

select
    coalesce(booked.batch_no, issued.batch_no) as batch_no,
    coalesce(booked.merchant, issued.merchant) as merchant,
    booked.vouchers as booked,
    issued.vouchers as issued,
    booked.face_minor,
    issued.face_minor as issued_minor
from booked
full join register_vouchers as issued
    on booked.batch_no = issued.batch_no
    and booked.merchant = issued.merchant
    and booked.currency = issued.currency
where
    booked.batch_no is null
    or issued.batch_no is null
    or booked.vouchers <> issued.vouchers
    or booked.face_minor <> issued.face_minor
