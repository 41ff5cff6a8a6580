-- Law 4: a request holds exactly the price of its reward, from lots of its own advocate.

with

holding as (

    select
        group_no as request_no,
        sum(amount) as amount
    from {{ ref('proposed_transfers') }}
    where rule = 'request'
    group by group_no

)

select
    requests.request_no,
    requests.points,
    holding.amount
from {{ ref('batch_requests') }} as requests
full join holding on requests.request_no = holding.request_no
where
    requests.points <> holding.amount
    or requests.request_no is null
    or holding.request_no is null
