-- Law 7: what a version of a campaign grants for a product stays as it was first posted (S12).
--
-- A changed rate would make the target of an old document another one than it had, and its next
-- return would take back more or less than its sale brought. End the version with `until`, and
-- add a new one.

with

used as (

    select distinct
        campaign_no,
        version_no,
        sku,
        divisor
    from {{ ref('batch_lines') }}
    where version_no is not null

)

select
    used.campaign_no,
    used.version_no,
    used.sku
from used
inner join {{ ref('rates') }} as rates
    on used.campaign_no = rates.campaign_no
    and used.version_no = rates.version_no
    and used.sku = rates.sku
left join {{ ref('batch_rates') }} as batch_rates
    on used.campaign_no = batch_rates.campaign_no
    and used.version_no = batch_rates.version_no
    and used.sku = batch_rates.sku
where
    coalesce(batch_rates.measure, 'none') <> rates.measure
    or {{ wide('coalesce(batch_rates.multiplier, 0)') }} * rates.divisor
    <> {{ wide('rates.multiplier') }} * used.divisor

union all

select
    used.campaign_no,
    used.version_no,
    used.sku
from used
where used.divisor is null

union all

select
    lots.campaign_no,
    lots.version_no,
    concat('divisor of lot ', lots.lot_no) as sku
from {{ ref('lots') }} as lots
inner join {{ ref('batch_subjects') }} as subjects on lots.lot_no = subjects.subject_no
where subjects.divisor % lots.divisor <> 0
