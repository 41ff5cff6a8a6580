-- What the batch's lines are rated by: each product under each version, also if it is nothing.

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
    used.sku,
    used.divisor,
    coalesce(batch_rates.measure, 'none') as measure,
    coalesce(batch_rates.multiplier, 0) as multiplier
from used
left join {{ ref('batch_rates') }} as batch_rates
    on used.campaign_no = batch_rates.campaign_no
    and used.version_no = batch_rates.version_no
    and used.sku = batch_rates.sku
