-- Every lot that the sales of the batch, a cap, a clawback or the calendar touches, after its
-- sales. `fresh` is what the batch added to it.

with

of_sales as (

    select
        coalesce(subjects.subject_no, lots.lot_no) as lot_no,
        coalesce(subjects.advocate_no, lots.advocate_no) as advocate_no,
        coalesce(subjects.earner_no, lots.earner_no) as earner_no,
        coalesce(subjects.document_no, lots.document_no) as document_no,
        coalesce(subjects.campaign_no, lots.campaign_no) as campaign_no,
        coalesce(subjects.version_no, lots.version_no) as version_no,
        coalesce(subjects.divisor, lots.divisor) as divisor,
        coalesce(subjects.weight, {{ wide('lots.weight') }}) as weight,
        coalesce(subjects.target, lots.posted) as posted,
        coalesce(subjects.clipped, lots.clipped) + moves.clip - moves.uncap as clipped,
        coalesce(subjects.earned_on, lots.earned_on) as earned_on,
        coalesce(subjects.matures_on, lots.matures_on) as matures_on,
        coalesce(subjects.expires_on, lots.expires_on) as expires_on,
        coalesce(subjects.pending, lots.pending)
        + moves.earned - moves.clip + moves.uncap - moves.from_pending as pending,
        coalesce(subjects.available, lots.available) - moves.from_available as available,
        coalesce(subjects.held, lots.held) as held,
        coalesce(subjects.expired, lots.expired) as expired,
        'sale' as origin,
        greatest(moves.earned - moves.clip + moves.uncap - moves.from_pending, 0) as fresh,
        moves.uncap
    from {{ ref('sale_moves') }} as moves
    left join {{ ref('batch_subjects') }} as subjects on moves.subject_no = subjects.subject_no
    left join {{ ref('lots') }} as lots
        on moves.subject_no = lots.lot_no
        and subjects.subject_no is null

),

others as (

    select
        lots.lot_no,
        lots.advocate_no,
        lots.earner_no,
        lots.document_no,
        lots.campaign_no,
        lots.version_no,
        lots.divisor,
        {{ wide('lots.weight') }} as weight,
        lots.posted,
        lots.clipped,
        lots.earned_on,
        lots.matures_on,
        lots.expires_on,
        lots.pending,
        lots.available,
        lots.held,
        lots.expired,
        lots.origin,
        cast(0 as bigint) as fresh,
        cast(0 as bigint) as uncap
    from {{ ref('lots') }} as lots
    cross join {{ ref('stg_batch') }} as stg_batch
    where
        not exists (
            select 1
            from of_sales
            where of_sales.lot_no = lots.lot_no
        )
        and (
            (lots.pending > 0 and lots.matures_on <= stg_batch.as_of and stg_batch.kind = 'day')
            or lots.lot_no in (select clawbacks.lot_no from {{ ref('clawbacks') }} as clawbacks)
        )

),

touched as (

    select * from of_sales
    union all
    select * from others

),

clawed as (

    select
        lot_no,
        cast(sum(amount) as bigint) as amount
    from {{ ref('clawbacks') }}
    group by lot_no

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
    touched.available - coalesce(clawed.amount, 0) as available,
    touched.held,
    touched.expired,
    touched.origin,
    touched.fresh,
    touched.uncap
from touched
left join clawed on touched.lot_no = clawed.lot_no
