-- Law 4: a request holds exactly the price of its reward, from lots of its own advocate.
-- Looks at: ledger.requests

with

holding as (

    select
        transaction_no,
        batch_no,
        min(debit_account) as account_no,
        count(distinct debit_account) as n_accounts,
        sum(amount) as amount
    from ledger.transfers
    where rule = 'request'
    group by transaction_no, batch_no

)

select
    requests.request_no,
    holding.transaction_no,
    requests.points,
    holding.amount
from ledger.requests as requests
full join holding
    on requests.transaction_no = holding.transaction_no
    and requests.batch_no = holding.batch_no
left join ledger.accounts as accounts on holding.account_no = accounts.account_no
where
    requests.request_no is null
    or holding.transaction_no is null
    or requests.points <> holding.amount
    or holding.n_accounts <> 1
    or requests.advocate_no <> accounts.advocate_no
