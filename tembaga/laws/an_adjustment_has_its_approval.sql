-- Law 9: each adjustment bears the approval that someone else gave for that very content, and is
-- as much, for that advocate, as was approved.
-- Looks at: register_approvals

with

posted as (

    select
        transfers.approval_no,
        coalesce(credited.advocate_no, debited.advocate_no) as advocate_no,
        sum(
            case
                when debited.account_kind = 'issued_goodwill'
                    then transfers.amount
                else -transfers.amount
            end
        ) as points
    from ledger.transfers as transfers
    inner join ledger.accounts as debited on transfers.debit_account = debited.account_no
    inner join ledger.accounts as credited on transfers.credit_account = credited.account_no
    where transfers.rule = 'adjust' or transfers.approval_no is not null
    group by transfers.approval_no, coalesce(credited.advocate_no, debited.advocate_no)

)

select
    posted.approval_no,
    posted.advocate_no,
    posted.points,
    approvals.points as approved,
    approvals.maker,
    approvals.approver,
    approvals.content_sha256,
    approvals.found_sha256
from posted
left join register_approvals as approvals on posted.approval_no = approvals.approval_no
left join raw.adjustments as adjustments on posted.approval_no = adjustments.approval_no
left join ledger.advocates as advocates on approvals.advocate = advocates.advocate
where
    approvals.approval_no is null
    or adjustments.approval_no is null
    or posted.points <> approvals.points
    or adjustments.points <> approvals.points
    or adjustments.advocate <> approvals.advocate
    or adjustments.file_no <> approvals.file_no
    or adjustments.line_no <> approvals.line_no
    or approvals.maker = approvals.approver
    or approvals.maker = coalesce(approvals.second_approver, '')
    or approvals.approver = coalesce(approvals.second_approver, '')
    or coalesce(approvals.content_sha256 <> approvals.found_sha256, true)
    or (
        posted.advocate_no <> advocates.advocate_no
        and advocates.advocate_no not in (select merges.advocate_no from ledger.merges as merges)
    )
