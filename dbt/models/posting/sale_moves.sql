-- What the sales and returns of the batch do to each subject's own lot.
--
--   earned          more points than before
--   clip, uncap     what the private cap takes of it, and gives back (S4)
--   from_pending    fewer: taken from its own points that are still pending
--   from_available  fewer: then from its own points that are available
--   rest            fewer: what its own lot no longer has (S10)

with

moved as (

    select
        subjects.subject_no,
        subjects.advocate_no,
        subjects.campaign_no,
        subjects.event_on,
        subjects.earned_on,
        subjects.available,
        greatest(subjects.difference, 0) as earned,
        coalesce(cap_moves.clip, 0) as clip,
        coalesce(cap_moves.uncap, 0) as uncap,
        greatest(-subjects.difference, 0) as owed,
        least(
            greatest(-subjects.difference, 0), subjects.pending + coalesce(cap_moves.uncap, 0)
        ) as from_pending
    from {{ ref('batch_subjects') }} as subjects
    left join {{ ref('cap_moves') }} as cap_moves on subjects.subject_no = cap_moves.lot_no

),

uncapped_alone as (

    select
        lots.lot_no as subject_no,
        lots.advocate_no,
        lots.campaign_no,
        stg_batch.as_of as event_on,
        lots.earned_on,
        lots.available,
        cast(0 as bigint) as earned,
        cap_moves.clip,
        cap_moves.uncap,
        cast(0 as bigint) as owed,
        cast(0 as bigint) as from_pending
    from {{ ref('cap_moves') }} as cap_moves
    inner join {{ ref('lots') }} as lots on cap_moves.lot_no = lots.lot_no
    cross join {{ ref('stg_batch') }} as stg_batch
    where not exists (
        select 1
        from {{ ref('batch_subjects') }} as subjects
        where subjects.subject_no = cap_moves.lot_no
    )

),

together as (

    select * from moved
    union all
    select * from uncapped_alone

)

select
    subject_no,
    advocate_no,
    campaign_no,
    event_on,
    earned_on,
    earned,
    clip,
    uncap,
    from_pending,
    least(owed - from_pending, available) as from_available,
    owed - from_pending - least(owed - from_pending, available) as rest
from together
