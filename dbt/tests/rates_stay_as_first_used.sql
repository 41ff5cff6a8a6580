-- Law 7: what a version of a campaign grants for a product stays as it was first posted (S12).
--
-- A changed rate would make the target of an old document another one than it had, and its next
-- return would take back more or less than its sale brought. End the version with `until`, and
-- add a new one. A line that is measured in a way which its rate says nothing of is not rated at
-- all: nothing is guessed (S20).

select
    used_rates.campaign_no,
    used_rates.version_no,
    used_rates.sku,
    used_rates.unit,
    used_rates.tax_basis,
    used_rates.tax_no
from {{ ref('used_rates') }} as used_rates
inner join {{ ref('rates') }} as rates
    on used_rates.campaign_no = rates.campaign_no
    and used_rates.version_no = rates.version_no
    and used_rates.sku = rates.sku
    and used_rates.unit = rates.unit
    and used_rates.tax_basis = rates.tax_basis
    and used_rates.tax_no = rates.tax_no
where
    used_rates.measure <> rates.measure
    or used_rates.include_free_goods <> rates.include_free_goods
    or {{ wide('used_rates.multiplier') }} * rates.divisor
    <> {{ wide('rates.multiplier') }} * used_rates.divisor

union all

select
    campaign_no,
    version_no,
    sku,
    unit,
    tax_basis,
    tax_no
from {{ ref('used_rates') }}
where divisor is null or measure = 'unknown'

union all

select
    lots.campaign_no,
    lots.version_no,
    concat('divisor of lot ', lots.lot_no) as sku,
    '' as unit,
    '' as tax_basis,
    0 as tax_no
from {{ ref('lots') }} as lots
inner join {{ ref('batch_subjects') }} as subjects on lots.lot_no = subjects.subject_no
where subjects.divisor % lots.divisor <> 0
