-- Every lot that the batch touches, as it will stand after it.

with

requested as (

    select
        lot_no,
        sum(amount) as amount,
        sum(from_expired) as from_expired
    from {{ ref('request_lots') }}
    group by lot_no

),

issued as (

    select lot_no, sum(amount) as amount
    from {{ ref('issue_lots') }}
    group by lot_no

),

touched as (

    select * from {{ ref('lots_after_hand') }}
    union all
    select
        lot_no, advocate_no, earner_no, document_no, campaign_no, version_no, divisor,
        {{ wide('weight') }} as weight,
        posted, clipped, earned_on, matures_on, expires_on, pending, available, held, expired,
        origin
    from {{ ref('lots') }}
    where
        not exists (
            select 1
            from {{ ref('lots_after_hand') }} as done
            where done.lot_no = lots.lot_no
        )
        and (
            lot_no in (select requested.lot_no from requested)
            or lot_no in (select issued.lot_no from issued)
            or lot_no in (select expired.lot_no from {{ ref('expired_lots') }} as expired)
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
    cast(touched.clipped as bigint) as clipped,
    touched.earned_on,
    touched.matures_on,
    touched.expires_on,
    cast(touched.pending as bigint) as pending,
    cast(
        touched.available
        - coalesce(requested.amount, 0) + coalesce(requested.from_expired, 0)
        - coalesce(expired.amount, 0)
        as bigint
    ) as available,
    cast(touched.held + coalesce(requested.amount, 0) - coalesce(issued.amount, 0) as bigint)
        as held,
    cast(
        touched.expired - coalesce(requested.from_expired, 0) + coalesce(expired.amount, 0)
        as bigint
    ) as expired,
    touched.origin
from touched
left join requested on touched.lot_no = requested.lot_no
left join issued on touched.lot_no = issued.lot_no
left join {{ ref('expired_lots') }} as expired on touched.lot_no = expired.lot_no
