-- What each product of the batch earns, in each way in which its lines are measured: by unit and
-- tax basis, in each period of VAT and conversions, under each version of the base campaign.
-- The most precise rate wins: the product's own, its group's, any product's. If that rate does
-- not say what the line's measure is worth, no less precise one does: the measure is `unknown`,
-- and a law of the books stops the batch (S20).

with

arrived as (

    select distinct
        sku,
        unit,
        tax_basis
    from {{ ref('batch_effects') }}

),

arrived_products as (

    select
        skus.sku,
        products.product_group
    from (select distinct sku from arrived) as skus
    left join {{ source('raw', 'products') }} as products on skus.sku = products.sku

),

rates as (

    select * from {{ source('raw', 'rates') }}

),

matching as (

    select arrived_products.sku as arrived_sku, rates.*
    from arrived_products
    inner join rates on arrived_products.sku = rates.sku
    union all
    select arrived_products.sku as arrived_sku, rates.*
    from arrived_products
    inner join rates on arrived_products.product_group = rates.product_group
    where rates.sku is null
    union all
    select arrived_products.sku as arrived_sku, rates.*
    from arrived_products
    cross join rates
    where rates.sku is null and rates.product_group is null

),

most_precise as (

    select
        arrived_sku,
        campaign_no,
        version_no,
        min(precedence) as precedence
    from matching
    group by arrived_sku, campaign_no, version_no

)

select
    arrived.sku,
    arrived.unit,
    arrived.tax_basis,
    taxes.tax_no,
    most_precise.campaign_no,
    most_precise.version_no,
    coalesce(matching.measure, 'unknown') as measure,
    matching.multiplier,
    coalesce(matching.include_free_goods, false) as include_free_goods
from arrived
cross join {{ source('raw', 'taxes') }} as taxes
inner join most_precise on arrived.sku = most_precise.arrived_sku
left join matching
    on most_precise.arrived_sku = matching.arrived_sku
    and most_precise.campaign_no = matching.campaign_no
    and most_precise.version_no = matching.version_no
    and most_precise.precedence = matching.precedence
    and arrived.unit = coalesce(matching.unit, arrived.unit)
    and arrived.tax_basis = coalesce(matching.tax_basis, arrived.tax_basis)
    and taxes.from_on between matching.from_on and matching.until_on
