-- Law 4: what a request holds is issued or given back once, and never more of it than it held.
-- Looks at: ledger.requests

with

given_back as (

    select
        requests.request_no,
        sum(case when transfers.rule = 'reject' then transfers.amount else 0 end) as rejected,
        sum(case when transfers.rule = 'cancel' then transfers.amount else 0 end) as cancelled
    from ledger.transfers as transfers
    inner join ledger.transfers as held on transfers.reverses_transfer_no = held.transfer_no
    inner join ledger.requests as requests on held.transaction_no = requests.transaction_no
    where transfers.rule in ('reject', 'cancel')
    group by requests.request_no

),

issued as (

    select
        issues.request_no,
        count(distinct issues.transaction_no) as n_issues,
        sum(transfers.amount) as amount
    from ledger.issues as issues
    left join ledger.transfers as transfers
        on issues.transaction_no = transfers.transaction_no
        and transfers.rule = 'issue'
        and transfers.leg = 1
    group by issues.request_no

),

restored as (

    select
        request_no,
        sum(amount) as amount
    from ledger.restores
    group by request_no

)

select
    requests.request_no,
    requests.points,
    issued.amount as issued,
    given_back.rejected,
    given_back.cancelled,
    restored.amount as restored
from ledger.requests as requests
left join given_back on requests.request_no = given_back.request_no
left join issued on requests.request_no = issued.request_no
left join restored on requests.request_no = restored.request_no
where
    coalesce(issued.amount, 0) + coalesce(given_back.rejected, 0) > requests.points
    or coalesce(given_back.cancelled, 0) > coalesce(issued.amount, 0)
    or issued.n_issues > 1
    or coalesce(given_back.rejected, 0) + coalesce(given_back.cancelled, 0)
    <> coalesce(restored.amount, 0)

union all

select
    null as request_no,
    transfers.transfer_no as points,
    transfers.amount as issued,
    null as rejected,
    null as cancelled,
    null as restored
from ledger.transfers as transfers
left join ledger.issues as issues
    on transfers.transaction_no = issues.transaction_no
    and transfers.batch_no = issues.batch_no
where transfers.rule = 'issue' and issues.request_no is null
