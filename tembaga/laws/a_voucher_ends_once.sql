-- Law 4: a voucher is used, expired or cancelled once, and for no more than its face.
-- Looks at: ledger.uses

with

cancelled as (

    select
        requests.request_no,
        sum(transfers.amount) as face_minor,
        max(transfers.batch_no) as batch_no
    from (
        select distinct
            taken_back.transaction_no,
            held.transaction_no as request_transaction_no
        from ledger.transfers as taken_back
        inner join ledger.transfers as held
            on taken_back.reverses_transfer_no = held.transfer_no
        where taken_back.rule = 'cancel'
    ) as cancels
    inner join ledger.requests as requests
        on cancels.request_transaction_no = requests.transaction_no
    inner join ledger.transfers as transfers
        on cancels.transaction_no = transfers.transaction_no
        and transfers.leg = 2
    group by requests.request_no

),

ended as (

    select
        uses.request_no,
        count(distinct uses.transaction_no) as n_ends,
        count(transfers.transfer_no) as n_transfers,
        sum(transfers.amount) as face_minor,
        min(uses.batch_no) as batch_no,
        count(case
            when (uses.rule = 'use') = (uses.file_no is not null) then 1
        end) as n_explained
    from ledger.uses as uses
    left join ledger.transfers as transfers
        on uses.transaction_no = transfers.transaction_no
        and uses.batch_no = transfers.batch_no
        and uses.rule = transfers.rule
    group by uses.request_no

)

select
    ended.request_no,
    ended.n_ends,
    ended.face_minor,
    issued.amount as issued_minor,
    cancelled.face_minor as cancelled_minor
from ended
left join ledger.issues as issues on ended.request_no = issues.request_no
left join ledger.transfers as issued
    on issues.transaction_no = issued.transaction_no
    and issued.leg = 2
left join cancelled on ended.request_no = cancelled.request_no
where
    issued.amount is null
    or ended.n_ends <> 1
    or ended.n_transfers <> 1
    or ended.n_explained <> 1
    or ended.face_minor <> issued.amount - coalesce(cancelled.face_minor, 0)
    or cancelled.batch_no > ended.batch_no

union all

select
    null as request_no,
    null as n_ends,
    transfers.amount as face_minor,
    null as issued_minor,
    null as cancelled_minor
from ledger.transfers as transfers
left join ledger.uses as uses on transfers.transaction_no = uses.transaction_no
where transfers.rule in ('use', 'voucher_expire') and uses.request_no is null
