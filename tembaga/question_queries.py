"""What is asked of the warehouse to answer the questions of `tembaga.questions`.

Each query sees what was posted up to `:batch_no` and is effective up to `:on_day`. The texts
are the same for every engine.
"""

IS_KNOWN = "select count(*) from ledger.advocates where advocate = :advocate"

ADVOCATE = """
select accounts.account_no, accounts.account_kind
from ledger.advocates as advocates
inner join ledger.accounts as accounts on advocates.advocate_no = accounts.advocate_no
where advocates.advocate = :advocate
"""

# Each merge with the batch that made it, and the one that took it back, if one did.
MERGES = """
with

done as (

    select
        merges.advocate,
        merges.into_advocate,
        files.batch_no
    from raw.merges as merges
    inner join ledger.files as files on merges.file_no = files.file_no
    left join ledger.declined as declined
        on merges.file_no = declined.file_no
        and merges.line_no = declined.line_no
    where declined.file_no is null

),

taken_back as (

    select
        reversals.batch_no,
        min(files.batch_no) as by_batch_no
    from raw.reversals as reversals
    inner join ledger.files as files on reversals.file_no = files.file_no
    left join ledger.declined as declined
        on reversals.file_no = declined.file_no
        and reversals.line_no = declined.line_no
    where declined.file_no is null
    group by reversals.batch_no

)

select
    done.advocate,
    done.into_advocate,
    done.batch_no,
    taken_back.by_batch_no
from done
left join taken_back
    on done.batch_no = taken_back.batch_no
    and taken_back.by_batch_no <= :batch_no
where done.batch_no <= :batch_no
order by done.batch_no
"""

# The transfers of some accounts as changes of each; plus is more on that account.
SIDES = """
with

sides as (

    select
        sides.account_no,
        sides.lot_no,
        case when sides.side = accounts.normal_side then sides.amount else -sides.amount end
            as amount
    from (
        select debit_account as account_no, 'debit' as side, lot_no, amount
        from ledger.transfers
        where debit_account in :accounts and effective_on <= :on_day and batch_no <= :batch_no
        union all
        select credit_account, 'credit', lot_no, amount
        from ledger.transfers
        where credit_account in :accounts and effective_on <= :on_day and batch_no <= :batch_no
    ) as sides
    inner join ledger.accounts as accounts on sides.account_no = accounts.account_no

)
"""

BALANCES = f"""
{SIDES}
select account_no, cast(sum(amount) as bigint) from sides group by account_no
"""

DUE = f"""
{SIDES}
select lots.{{day}}, cast(sum(sides.amount) as bigint)
from sides
inner join ledger.lots as lots on sides.lot_no = lots.lot_no
group by lots.{{day}}
having sum(sides.amount) <> 0
order by lots.{{day}} nulls last
"""

MOVEMENTS = """
select
    transfers.transfer_no,
    transfers.batch_no,
    transfers.rule,
    transfers.event_on,
    transfers.effective_on,
    case transfers.credit_account when :pending_no then transfers.amount else 0 end
    - case transfers.debit_account when :pending_no then transfers.amount else 0 end,
    case transfers.credit_account when :available_no then transfers.amount else 0 end
    - case transfers.debit_account when :available_no then transfers.amount else 0 end,
    case transfers.credit_account when :held_no then transfers.amount else 0 end
    - case transfers.debit_account when :held_no then transfers.amount else 0 end,
    case transfers.debit_account when :arrears_no then transfers.amount else 0 end
    - case transfers.credit_account when :arrears_no then transfers.amount else 0 end,
    transfers.lot_no,
    transfers.subject_no,
    transfers.approval_no,
    debtors.advocate,
    creditors.advocate,
    partners.partner,
    documents.document,
    documents.document_date,
    requests.request_no,
    requests.reward
from ledger.transfers as transfers
inner join ledger.accounts as debited on transfers.debit_account = debited.account_no
inner join ledger.accounts as credited on transfers.credit_account = credited.account_no
left join ledger.advocates as debtors on debited.advocate_no = debtors.advocate_no
left join ledger.advocates as creditors on credited.advocate_no = creditors.advocate_no
left join ledger.transfers as originals on transfers.reverses_transfer_no = originals.transfer_no
left join (
    select request_no, transaction_no from ledger.requests
    union all
    select request_no, transaction_no from ledger.issues
) as requested
    on coalesce(originals.transaction_no, transfers.transaction_no) = requested.transaction_no
left join ledger.requests as requests on requested.request_no = requests.request_no
left join ledger.lots as lots on coalesce(transfers.subject_no, transfers.lot_no) = lots.lot_no
left join ledger.documents as documents on lots.document_no = documents.document_no
left join raw.partners as partners on documents.partner_no = partners.partner_no
where
    (transfers.debit_account in :accounts or transfers.credit_account in :accounts)
    and transfers.effective_on <= :on_day
    and transfers.batch_no <= :batch_no
order by transfers.effective_on, transfers.transfer_no
"""

# Sales lines with what they brought, batch by batch; then what the office wrote down.
SOURCES = """
select
    award_lines.batch_no,
    coalesce(
        'subject ' || cast(award_lines.subject_no as text),
        concat('document ', sales.document, ' ', cast(sales.document_date as text))
    ),
    sales.advocate,
    sales.document_date,
    award_lines.file_no,
    award_lines.line_no,
    concat(sales.document, ', ', sales.sku),
    award_lines.points,
    award_lines.reason
from ledger.award_lines as award_lines
inner join raw.sales as sales
    on award_lines.file_no = sales.file_no
    and award_lines.line_no = sales.line_no
left join ledger.lots as lots on award_lines.subject_no = lots.lot_no
left join ledger.advocates as earners on lots.earner_no = earners.advocate_no
where coalesce(earners.advocate, sales.advocate) in :names and award_lines.batch_no <= :batch_no

union all

select
    requests.batch_no, concat('request ', requests.request_no), advocates.advocate,
    requests.requested_on, requests.file_no, requests.line_no,
    concat('request ', requests.request_id), -requests.points, null
from ledger.requests as requests
inner join ledger.advocates as advocates on requests.advocate_no = advocates.advocate_no
where
    requests.file_no is not null
    and advocates.advocate in :names
    and requests.batch_no <= :batch_no

union all

select
    declined.batch_no, concat('declined ', requests.request_id), requests.advocate,
    requests.requested_on, requests.file_no, requests.line_no,
    concat('request ', requests.request_id), 0, declined.code
from raw.requests as requests
inner join ledger.declined as declined
    on requests.file_no = declined.file_no
    and requests.line_no = declined.line_no
where requests.advocate in :names and declined.batch_no <= :batch_no

union all

select
    files.batch_no,
    concat('cancellation ', requests.request_no, ' ', cast(cancellations.cancelled_on as text)),
    advocates.advocate,
    cancellations.cancelled_on, cancellations.file_no, cancellations.line_no,
    concat('cancellation, cause ', cancellations.cause),
    coalesce(cancellations.points, requests.points), declined.code
from raw.cancellations as cancellations
inner join ledger.files as files on cancellations.file_no = files.file_no
left join ledger.declined as declined
    on cancellations.file_no = declined.file_no
    and cancellations.line_no = declined.line_no
inner join ledger.requests as requests on cancellations.request_no = requests.request_no
inner join ledger.advocates as advocates on requests.advocate_no = advocates.advocate_no
where advocates.advocate in :names and files.batch_no <= :batch_no

union all

select
    files.batch_no, concat('approval ', adjustments.approval_no), adjustments.advocate,
    adjustments.adjusted_on, adjustments.file_no, adjustments.line_no,
    'adjustment', adjustments.points, null
from raw.adjustments as adjustments
inner join ledger.files as files on adjustments.file_no = files.file_no
where adjustments.advocate in :names and files.batch_no <= :batch_no

union all

select
    files.batch_no,
    concat('opening ', cast(openings.earned_on as text), ' ', openings.points),
    openings.advocate,
    openings.earned_on, openings.file_no, openings.line_no,
    'opening balance', openings.points, null
from raw.opening_balances as openings
inner join ledger.files as files on openings.file_no = files.file_no
where openings.advocate in :names and files.batch_no <= :batch_no

union all

select
    files.batch_no, 'reverse', taken_back.advocate,
    batches.as_of, reversals.file_no, reversals.line_no,
    concat('batch ', reversals.batch_no, ' is taken back'), 0, null
from raw.reversals as reversals
inner join ledger.files as files on reversals.file_no = files.file_no
inner join ledger.batches as batches on files.batch_no = batches.batch_no
inner join (
    select distinct transfers.batch_no, advocates.advocate
    from ledger.transfers as transfers
    inner join ledger.accounts as accounts
        on transfers.debit_account = accounts.account_no
        or transfers.credit_account = accounts.account_no
    inner join ledger.advocates as advocates on accounts.advocate_no = advocates.advocate_no
    where transfers.rule = 'reverse' and advocates.advocate in :names
) as taken_back
    on files.batch_no = taken_back.batch_no
where files.batch_no <= :batch_no

union all

select
    files.batch_no, 'merge', merges.advocate,
    batches.as_of, merges.file_no, merges.line_no,
    concat(merges.advocate, ' is merged into ', merges.into_advocate), 0, null
from raw.merges as merges
inner join ledger.files as files on merges.file_no = files.file_no
inner join ledger.batches as batches on files.batch_no = batches.batch_no
where
    (merges.advocate in :names or merges.into_advocate in :names)
    and files.batch_no <= :batch_no

order by 1, 5, 6
"""

TRIAL_BALANCE = """
select
    chart.path,
    by_account.unit,
    cast(sum(case when amount > 0 then amount else 0 end) as bigint) as debit,
    cast(sum(case when amount < 0 then -amount else 0 end) as bigint) as credit
from (
    select account_no, unit, sum(amount) as amount
    from (
        select debit_account as account_no, unit, amount
        from ledger.transfers
        where effective_on <= :on_day and batch_no <= :batch_no
        union all
        select credit_account, unit, -amount
        from ledger.transfers
        where effective_on <= :on_day and batch_no <= :batch_no
    ) as sides
    group by account_no, unit
) as by_account
inner join ledger.accounts as accounts on by_account.account_no = accounts.account_no
inner join rules.chart_of_accounts as chart on accounts.account_kind = chart.account_kind
group by chart.path, by_account.unit
order by by_account.unit desc, chart.path
"""

# The cohorts of the last valuation that is seen, the youngest first.
VALUATIONS = """
select
    batch_no, as_of, period_ends_on, beneficiary, currency, cohort_no, from_months, until_months,
    cost, expected, divisor, points
from ledger.valuations
where batch_no = (
    select max(batch_no)
    from ledger.valuations
    where as_of <= :on_day and batch_no <= :batch_no
)
order by cohort_no
"""

# What the provision held before a batch, what the batch did to it, and what it holds.
PROVISION = """
select
    cast(coalesce(sum(case when batch_no < :valued_in then amount else 0 end), 0) as bigint)
        as opening,
    cast(coalesce(sum(
        case when batch_no = :valued_in and amount > 0 then amount else 0 end
    ), 0) as bigint) as raised,
    cast(coalesce(sum(
        case when batch_no = :valued_in and amount < 0 then -amount else 0 end
    ), 0) as bigint) as released,
    cast(coalesce(sum(amount), 0) as bigint) as standing
from (
    select
        transfers.batch_no,
        case when sides.side = accounts.normal_side then transfers.amount else -transfers.amount end
            as amount
    from ledger.transfers as transfers
    cross join (select 'debit' as side union all select 'credit' as side) as sides
    inner join ledger.accounts as accounts
        on case
            when sides.side = 'debit' then transfers.debit_account
            else transfers.credit_account
        end = accounts.account_no
    where
        accounts.account_kind = 'provision'
        and transfers.effective_on <= :on_day
        and transfers.batch_no <= :batch_no
) as moves
"""
