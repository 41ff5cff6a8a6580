-- Which lots each request of the batch holds, soonest expiry first (S8).

with

wanted as (

    select
        request_no,
        advocate_no,
        points * (nth - 1) as low,
        points * nth as high
    from {{ ref('batch_requests') }}

),

supplies as (

    select
        lot_no,
        advocate_no,
        sum(available) over soonest_first - available as low,
        sum(available) over soonest_first as high
    from {{ ref('redeemable_lots') }}
    window soonest_first as (
        partition by advocate_no
        order by coalesce(expires_on, date '9999-12-31'), earned_on, lot_no
        rows between unbounded preceding and current row
    )

)

select
    wanted.request_no,
    wanted.advocate_no,
    supplies.lot_no,
    cast(
        least(wanted.high, supplies.high) - greatest(wanted.low, supplies.low) as bigint
    ) as amount
from wanted
inner join supplies
    on wanted.advocate_no = supplies.advocate_no
    and wanted.low < supplies.high
    and supplies.low < wanted.high
