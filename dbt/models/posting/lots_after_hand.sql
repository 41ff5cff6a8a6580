-- The touched lots after arrears were paid from available points, and after adjustments took
-- theirs: as they stand before the requests of the batch.

with

taken as (

    select
        lot_no,
        sum(amount) as amount
    from (
        select lot_no, amount from {{ ref('late_repayments') }}
        union all
        select lot_no, amount from {{ ref('adjustment_lots') }}
    ) as both_kinds
    group by lot_no

),

touched as (

    select * from {{ ref('lots_after_credits') }}
    union all
    select
        lot_no, advocate_no, earner_no, document_no, campaign_no, version_no, divisor,
        {{ wide('weight') }} as weight,
        posted, clipped, earned_on, matures_on, expires_on, pending, available, held, expired,
        origin
    from {{ ref('lots') }}
    where
        lot_no in (select taken.lot_no from taken)
        and not exists (
            select 1
            from {{ ref('lots_after_credits') }} as done
            where done.lot_no = lots.lot_no
        )

)

select
    touched.lot_no,
    touched.advocate_no,
    touched.earner_no,
    touched.document_no,
    touched.campaign_no,
    touched.version_no,
    touched.divisor,
    touched.weight,
    touched.posted,
    touched.clipped,
    touched.earned_on,
    touched.matures_on,
    touched.expires_on,
    touched.pending,
    cast(touched.available - coalesce(taken.amount, 0) as bigint) as available,
    touched.held,
    touched.expired,
    touched.origin
from touched
left join taken on touched.lot_no = taken.lot_no
