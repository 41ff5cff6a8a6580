-- What the batch's lines are rated by: each product, as it was measured, under each version, also
-- if it is nothing.

with

used as (

    select distinct
        campaign_no,
        version_no,
        sku,
        unit,
        tax_basis,
        tax_no,
        divisor
    from {{ ref('batch_lines') }}
    where version_no is not null

)

select
    used.campaign_no,
    used.version_no,
    used.sku,
    used.unit,
    used.tax_basis,
    used.tax_no,
    used.divisor,
    coalesce(batch_rates.measure, 'none') as measure,
    coalesce(batch_rates.multiplier, 0) as multiplier,
    coalesce(batch_rates.include_free_goods, false) as include_free_goods
from used
left join {{ ref('batch_rates') }} as batch_rates
    on used.campaign_no = batch_rates.campaign_no
    and used.version_no = batch_rates.version_no
    and used.sku = batch_rates.sku
    and used.unit = batch_rates.unit
    and used.tax_basis = batch_rates.tax_basis
    and used.tax_no = batch_rates.tax_no
