-- The rates that the batch is the first to use, also those that are none: from now on they stay.

with

used as (

    select distinct
        campaign_no,
        version_no,
        sku,
        divisor
    from {{ ref('batch_lines') }}
    where divisor is not null

)

select
    used.campaign_no,
    used.version_no,
    used.sku,
    coalesce(batch_rates.measure, 'none') as measure,
    coalesce(batch_rates.multiplier, 0) as multiplier,
    used.divisor,
    stg_batch.batch_no
from used
cross join {{ ref('stg_batch') }} as stg_batch
left join {{ ref('batch_rates') }} as batch_rates
    on used.campaign_no = batch_rates.campaign_no
    and used.version_no = batch_rates.version_no
    and used.sku = batch_rates.sku
left join {{ ref('rates') }} as rates
    on used.campaign_no = rates.campaign_no
    and used.version_no = rates.version_no
    and used.sku = rates.sku
where rates.sku is null
