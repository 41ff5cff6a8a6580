-- Law 4: a request holds exactly the price of its reward, from lots of its own advocate.

with

holding as (

    select
        transaction_no,
        sum(amount) as amount
    from {{ ref('proposed_transfers') }}
    where rule = 'request'
    group by transaction_no

)

select
    requests.request_no,
    requests.points,
    holding.amount
from {{ ref('proposed_requests') }} as requests
full join holding on requests.transaction_no = holding.transaction_no
where
    requests.points <> holding.amount
    or requests.request_no is null
    or holding.transaction_no is null
