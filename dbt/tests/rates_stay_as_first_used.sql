-- Law 7: what a version of a campaign grants for a product stays as it was first posted (S12).
--
-- A changed rate would make the target of an old document another one than it had, and its next
-- return would take back more or less than its sale brought. End the version with `until`, and
-- add a new one. A line that is measured in a way which its rate says nothing of is not rated at
-- all: nothing is guessed (S20). The same holds for how two advocates share a line (S13).

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
    versions.campaign_no,
    versions.version_no,
    'split' as sku,
    '' as unit,
    '' as tax_basis,
    0 as tax_no
from {{ source('raw', 'versions') }} as versions
inner join {{ ref('splits') }} as splits
    on versions.campaign_no = splits.campaign_no
    and versions.version_no = splits.version_no
where
    (
        versions.first_share * splits.share_divisor <> splits.first_share * versions.share_divisor
        or versions.second_share * splits.share_divisor
        <> splits.second_share * versions.share_divisor
    )
    and exists (
        select 1
        from {{ ref('used_rates') }} as used
        where
            used.campaign_no = versions.campaign_no
            and used.version_no = versions.version_no
    )

union all

select
    versions.campaign_no,
    versions.version_no,
    concat('no split for subject ', subjects.subject_no) as sku,
    '' as unit,
    '' as tax_basis,
    0 as tax_no
from {{ ref('batch_subjects') }} as subjects
inner join {{ source('raw', 'versions') }} as versions
    on subjects.campaign_no = versions.campaign_no
    and subjects.version_no = versions.version_no
where subjects.share_no > 0 and versions.second_share = 0

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
