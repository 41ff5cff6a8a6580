-- Lots whose last day of use is over, with what is still in them after the batch's requests (S7).

with

requested as (

    select
        lot_no,
        sum(amount - from_expired) as amount
    from {{ ref('request_lots') }}
    group by lot_no

),

lots as (

    select lot_no, advocate_no, expires_on, available
    from {{ ref('lots_after_hand') }}
    union all
    select lot_no, advocate_no, expires_on, available
    from {{ ref('lots') }}
    where
        available > 0
        and not exists (
            select 1
            from {{ ref('lots_after_hand') }} as touched
            where touched.lot_no = lots.lot_no
        )

)

select
    lots.lot_no,
    lots.advocate_no,
    lots.expires_on,
    cast(lots.available - coalesce(requested.amount, 0) as bigint) as amount
from lots
cross join {{ ref('stg_batch') }} as stg_batch
cross join {{ ref('stg_programme') }} as stg_programme
left join requested on lots.lot_no = requested.lot_no
where
    stg_batch.kind = 'day'
    and {{ days_after('lots.expires_on', 'stg_programme.expiry_lag_days') }} < stg_batch.as_of
    and lots.available > coalesce(requested.amount, 0)
