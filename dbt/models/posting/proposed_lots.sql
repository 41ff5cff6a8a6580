-- Every lot that the batch touches, as it will stand after it.

with

requested as (

    select lot_no, cast(sum(amount) as bigint) as amount
    from {{ ref('request_lots') }}
    group by lot_no

),

issued as (

    select lot_no, cast(sum(amount) as bigint) as amount
    from {{ ref('issue_lots') }}
    group by lot_no

),

touched as (

    select
        lot_no, advocate_no, document_no, campaign_no, version_no, divisor, weight, posted,
        earned_on, matures_on, expires_on, pending, available, held
    from {{ ref('lots_after_maturity') }}
    union all
    select
        lot_no, advocate_no, document_no, campaign_no, version_no, divisor, weight, posted,
        earned_on, matures_on, expires_on, pending, available, held
    from {{ ref('lots') }}
    where
        lot_no not in (select lots_after_maturity.lot_no from {{ ref('lots_after_maturity') }})
        and (
            lot_no in (select requested.lot_no from requested)
            or lot_no in (select issued.lot_no from issued)
        )

)

select
    touched.lot_no,
    touched.advocate_no,
    touched.document_no,
    touched.campaign_no,
    touched.version_no,
    touched.divisor,
    touched.weight,
    touched.posted,
    touched.earned_on,
    touched.matures_on,
    touched.expires_on,
    cast(touched.pending as bigint) as pending,
    cast(touched.available - coalesce(requested.amount, 0) as bigint) as available,
    cast(touched.held + coalesce(requested.amount, 0) - coalesce(issued.amount, 0) as bigint)
        as held
from touched
left join requested on touched.lot_no = requested.lot_no
left join issued on touched.lot_no = issued.lot_no
