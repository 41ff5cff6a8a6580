-- Which lots a cancellation restores: those that the request took, in reverse order (S9).
-- The fault of a merchant gives points that had expired by then, or would in this batch, a new
-- life in a lot of their own.

with

taken as (

    select
        cancellations.file_no,
        cancellations.line_no,
        transfers.transfer_no as request_transfer_no,
        transfers.lot_no,
        transfers.amount,
        lots.advocate_no,
        lots.earned_on,
        lots.expires_on,
        sum(transfers.amount) over (
            partition by cancellations.file_no, cancellations.line_no
            order by
                coalesce(lots.expires_on, date '9999-12-31') desc,
                lots.earned_on desc,
                lots.lot_no desc
            rows between unbounded preceding and current row
        ) as high
    from {{ ref('batch_cancellations') }} as cancellations
    inner join {{ ref('transfers') }} as transfers
        on cancellations.request_batch_no = transfers.batch_no
        and cancellations.request_transaction_no = transfers.transaction_no
        and transfers.rule in ('request')
    inner join {{ ref('lots') }} as lots on transfers.lot_no = lots.lot_no
    where cancellations.points > 0

)

select
    cancellations.group_no,
    cancellations.file_no,
    cancellations.line_no,
    cancellations.request_no,
    cancellations.is_issued,
    cancellations.cancelled_on,
    taken.request_transfer_no,
    taken.lot_no as taken_lot_no,
    taken.advocate_no,
    taken.earned_on,
    cast(
        least(taken.high, cancellations.low + cancellations.points)
        - greatest(taken.high - taken.amount, cancellations.low) as bigint
    ) as amount,
    cancellations.cause = 'merchant_fault'
    and (
        taken.expires_on < cancellations.cancelled_on
        or {{ days_after('taken.expires_on', 'stg_programme.expiry_lag_days') }} < stg_batch.as_of
    ) as is_renewed
from {{ ref('batch_cancellations') }} as cancellations
inner join taken
    on cancellations.file_no = taken.file_no
    and cancellations.line_no = taken.line_no
    and taken.high - taken.amount < cancellations.low + cancellations.points
    and cancellations.low < taken.high
cross join {{ ref('stg_batch') }} as stg_batch
cross join {{ ref('stg_programme') }} as stg_programme
