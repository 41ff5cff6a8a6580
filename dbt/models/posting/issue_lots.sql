-- The lots that the issued requests hold: those that the request took, less what cancellations
-- gave back.

with

restored as (

    select
        request_transfer_no,
        sum(amount) as amount
    from {{ ref('restores') }}
    group by request_transfer_no

)

select
    batch_issues.request_no,
    lots.advocate_no,
    transfers.lot_no,
    cast(transfers.amount - coalesce(restored.amount, 0) as bigint) as amount
from {{ ref('batch_issues') }} as batch_issues
inner join {{ ref('transfers') }} as transfers
    on batch_issues.request_batch_no = transfers.batch_no
    and batch_issues.request_transaction_no = transfers.transaction_no
    and transfers.rule = 'request'
inner join {{ ref('lots') }} as lots on transfers.lot_no = lots.lot_no
left join restored on transfers.transfer_no = restored.request_transfer_no
where transfers.amount > coalesce(restored.amount, 0)
