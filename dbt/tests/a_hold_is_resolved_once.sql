-- Law 4: what a request holds is issued or given back once, and never more of it than it held.

with

resolved as (

    select
        request_transfer_no,
        sum(amount) as amount
    from (
        select request_transfer_no, amount from {{ ref('restores') }}
        union all
        select request_transfer_no, amount from {{ ref('proposed_restores') }}
    ) as before_and_now
    where request_transfer_no in (
        select proposed.request_transfer_no from {{ ref('proposed_restores') }} as proposed
    )
    group by request_transfer_no

)

select
    resolved.request_transfer_no,
    transfers.amount as held,
    resolved.amount as given_back
from resolved
left join {{ ref('transfers') }} as transfers
    on resolved.request_transfer_no = transfers.transfer_no
where
    transfers.transfer_no is null
    or transfers.rule <> 'request'
    or resolved.amount > transfers.amount
