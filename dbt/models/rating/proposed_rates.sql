-- The rates that the batch is the first to use, also those that are none: from now on they stay.

select
    used_rates.campaign_no,
    used_rates.version_no,
    used_rates.sku,
    used_rates.measure,
    used_rates.multiplier,
    used_rates.divisor,
    stg_batch.batch_no
from {{ ref('used_rates') }} as used_rates
cross join {{ ref('stg_batch') }} as stg_batch
left join {{ ref('rates') }} as rates
    on used_rates.campaign_no = rates.campaign_no
    and used_rates.version_no = rates.version_no
    and used_rates.sku = rates.sku
where rates.sku is null and used_rates.divisor is not null
