-- What the sales and returns of the batch do to each subject's own lot.
--
--   earned          more points than before
--   from_pending    fewer: taken from its own points that are still pending
--   from_available  fewer: then from its own points that are available
--   rest            fewer: what its own lot no longer has (S10)

with

owed as (

    select
        subject_no,
        advocate_no,
        campaign_no,
        event_on,
        earned_on,
        pending,
        available,
        greatest(difference, 0) as earned,
        least(greatest(-difference, 0), pending) as from_pending,
        greatest(-difference, 0) as owed
    from {{ ref('batch_subjects') }}

)

select
    subject_no,
    advocate_no,
    campaign_no,
    event_on,
    earned_on,
    earned,
    from_pending,
    least(owed - from_pending, available) as from_available,
    owed - from_pending - least(owed - from_pending, available) as rest
from owed
