-- The touched lots after cancellations gave points back, new lots were opened by hand, and
-- merges and reversals moved what they move.

with

restored as (

    select
        taken_lot_no as lot_no,
        sum(case when is_renewed then 0 else amount end) as to_available,
        sum(case when is_issued then 0 else amount end) as from_held
    from {{ ref('restored_lots') }}
    group by taken_lot_no

),

reversed as (

    select
        lot_no,
        sum(case leg when 1 then -amount when 7 then amount else 0 end) as to_available
    from {{ ref('reversed_transfers') }}
    where lot_no is not null
    group by lot_no

),

touched as (

    select
        lot_no, advocate_no, earner_no, document_no, campaign_no, version_no, divisor, weight,
        posted, clipped, earned_on, matures_on, expires_on, pending, available, held, expired,
        origin
    from {{ ref('lots_after_maturity') }}
    union all
    select
        lot_no, advocate_no, earner_no, document_no, campaign_no, version_no, divisor,
        {{ wide('weight') }} as weight,
        posted, clipped, earned_on, matures_on, expires_on, pending, available, held, expired,
        origin
    from {{ ref('lots') }}
    where
        (
            lot_no in (select restored.lot_no from restored)
            or lot_no in (select reversed.lot_no from reversed)
            or lot_no in (select merged.lot_no from {{ ref('merged_lots') }} as merged)
        )
        and not exists (
            select 1
            from {{ ref('lots_after_maturity') }} as done
            where done.lot_no = lots.lot_no
        )
    union all
    select
        lot_no,
        advocate_no,
        advocate_no as earner_no,
        cast(null as bigint) as document_no,
        cast(null as integer) as campaign_no,
        cast(null as integer) as version_no,
        cast(null as bigint) as divisor,
        {{ wide('0') }} as weight,
        cast(0 as bigint) as posted,
        cast(0 as bigint) as clipped,
        earned_on,
        earned_on as matures_on,
        expires_on,
        cast(0 as bigint) as pending,
        amount as available,
        cast(0 as bigint) as held,
        cast(0 as bigint) as expired,
        origin
    from {{ ref('hand_lots') }}

)

select
    touched.lot_no,
    coalesce(merged.advocate_no, touched.advocate_no) as advocate_no,
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
    cast(
        touched.available + coalesce(restored.to_available, 0) + coalesce(reversed.to_available, 0)
        as bigint
    ) as available,
    cast(touched.held - coalesce(restored.from_held, 0) as bigint) as held,
    touched.expired,
    touched.origin
from touched
left join restored on touched.lot_no = restored.lot_no
left join reversed on touched.lot_no = reversed.lot_no
left join {{ ref('merged_lots') }} as merged on touched.lot_no = merged.lot_no
