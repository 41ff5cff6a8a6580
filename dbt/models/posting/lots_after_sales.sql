-- Every lot that the sales of the batch, a clawback or the calendar touches, after its sales.
--
-- `fresh` is what the batch added to it.

with

of_subjects as (

    select
        batch_subjects.subject_no as lot_no,
        batch_subjects.advocate_no,
        batch_subjects.document_no,
        batch_subjects.campaign_no,
        batch_subjects.version_no,
        batch_subjects.divisor,
        batch_subjects.weight,
        batch_subjects.target as posted,
        batch_subjects.earned_on,
        batch_subjects.matures_on,
        batch_subjects.expires_on,
        batch_subjects.pending + sale_moves.earned - sale_moves.from_pending as pending,
        batch_subjects.available - sale_moves.from_available as available,
        batch_subjects.held,
        sale_moves.earned as fresh
    from {{ ref('batch_subjects') }} as batch_subjects
    inner join {{ ref('sale_moves') }} as sale_moves
        on batch_subjects.subject_no = sale_moves.subject_no

),

others as (

    select
        lots.*,
        cast(0 as bigint) as fresh
    from {{ ref('lots') }} as lots
    cross join {{ ref('stg_batch') }} as stg_batch
    where
        lots.lot_no not in (select of_subjects.lot_no from of_subjects)
        and (
            (lots.pending > 0 and lots.matures_on <= stg_batch.as_of)
            or lots.lot_no in (select clawbacks.lot_no from {{ ref('clawbacks') }} as clawbacks)
        )

),

touched as (

    select * from of_subjects
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
    touched.document_no,
    touched.campaign_no,
    touched.version_no,
    touched.divisor,
    touched.weight,
    touched.posted,
    touched.earned_on,
    touched.matures_on,
    touched.expires_on,
    touched.pending,
    touched.available - coalesce(clawed.amount, 0) as available,
    touched.held,
    touched.fresh
from touched
left join clawed on touched.lot_no = clawed.lot_no
