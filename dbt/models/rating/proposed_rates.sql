-- The rates that the batch is the first to use, also those that are none: from now on they stay.

select
    used_rates.campaign_no,
    used_rates.version_no,
    used_rates.sku,
    used_rates.unit,
    used_rates.tax_basis,
    used_rates.tax_no,
    used_rates.measure,
    used_rates.multiplier,
    used_rates.divisor,
    used_rates.include_free_goods,
    stg_batch.batch_no
from {{ ref('used_rates') }} as used_rates
cross join {{ ref('stg_batch') }} as stg_batch
left join {{ ref('rates') }} as rates
    on used_rates.campaign_no = rates.campaign_no
    and used_rates.version_no = rates.version_no
    and used_rates.sku = rates.sku
    and used_rates.unit = rates.unit
    and used_rates.tax_basis = rates.tax_basis
    and used_rates.tax_no = rates.tax_no
where rates.sku is null and used_rates.divisor is not null
