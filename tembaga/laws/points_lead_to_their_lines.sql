-- Law 6: what a batch posts for a subject is what its lines brought, and each of these lines
-- stands in a posted file and names the advocate who earned it, or leads to a line that does: the
-- one that it replaces, or one that it, or the one that it replaces, takes back.
-- Looks at: ledger.award_lines

with

posted as (

    select
        transfers.batch_no,
        transfers.subject_no,
        sum(
            case when debited.account_kind = 'issued_base' then transfers.amount else 0 end
            - case when credited.account_kind = 'issued_base' then transfers.amount else 0 end
        ) as points
    from ledger.transfers as transfers
    inner join ledger.accounts as debited on transfers.debit_account = debited.account_no
    inner join ledger.accounts as credited on transfers.credit_account = credited.account_no
    where transfers.subject_no is not null
    group by transfers.batch_no, transfers.subject_no

),

brought as (

    select
        batch_no,
        subject_no,
        sum(points) as points
    from ledger.award_lines
    where subject_no is not null
    group by batch_no, subject_no

),

leading_to as (

    select
        takebacks.file_no,
        takebacks.line_no,
        sold.advocate,
        coalesce(sold.second_advocate, '') as second_advocate
    from ledger.takebacks as takebacks
    inner join raw.sales as sold
        on takebacks.of_file_no = sold.file_no
        and takebacks.of_line_no = sold.line_no

)

select
    concat(
        'subject ', coalesce(posted.subject_no, brought.subject_no),
        ' in batch ', coalesce(posted.batch_no, brought.batch_no)
    ) as what,
    posted.points as posted,
    brought.points as brought
from posted
full join brought
    on posted.batch_no = brought.batch_no
    and posted.subject_no = brought.subject_no
where coalesce(posted.points, 0) <> coalesce(brought.points, 0)

union all

select
    concat('file ', award_lines.file_no, ', line ', award_lines.line_no) as what,
    files.batch_no as posted,
    award_lines.batch_no as brought
from ledger.award_lines as award_lines
left join raw.sales as sales
    on award_lines.file_no = sales.file_no
    and award_lines.line_no = sales.line_no
left join ledger.files as files on award_lines.file_no = files.file_no
left join ledger.lots as lots on award_lines.subject_no = lots.lot_no
left join ledger.advocates as earners on lots.earner_no = earners.advocate_no
left join raw.replacements as replacements
    on award_lines.file_no = replacements.file_no
    and award_lines.line_no = replacements.line_no
left join raw.sales as replaced
    on replacements.replaces_file_no = replaced.file_no
    and replacements.replaces_line_no = replaced.line_no
where
    sales.file_no is null
    or files.file_no is null
    or files.batch_no > award_lines.batch_no
    or (award_lines.subject_no is null and award_lines.points <> 0)
    or (
        award_lines.subject_no is not null
        and coalesce(earners.advocate, '') not in (
            sales.advocate, coalesce(sales.second_advocate, ''),
            coalesce(replaced.advocate, ''), coalesce(replaced.second_advocate, '')
        )
        and not exists (
            select 1
            from leading_to
            where
                earners.advocate in (leading_to.advocate, leading_to.second_advocate)
                and (
                    (
                        leading_to.file_no = award_lines.file_no
                        and leading_to.line_no = award_lines.line_no
                    )
                    or (
                        leading_to.file_no = replacements.replaces_file_no
                        and leading_to.line_no = replacements.replaces_line_no
                    )
                )
        )
    )
