-- What each product of the batch earns under each version of the base campaign.
-- The most precise rate wins: the product's own, its group's, any product's.

with

arrived as (

    select distinct sku from {{ ref('stg_sales') }}

),

matching as (

    select
        arrived.sku,
        rates.campaign_no,
        rates.version_no,
        rates.measure,
        rates.multiplier,
        row_number() over (
            partition by arrived.sku, rates.campaign_no, rates.version_no
            order by rates.precedence, rates.measure, rates.multiplier
        ) as rank_no
    from arrived
    left join {{ source('raw', 'products') }} as products on arrived.sku = products.sku
    inner join {{ source('raw', 'rates') }} as rates
        on
        rates.precedence = 3
        or (rates.precedence = 1 and rates.sku = arrived.sku)
        or (rates.precedence = 2 and rates.product_group = products.product_group)

)

select
    sku,
    campaign_no,
    version_no,
    measure,
    multiplier
from matching
where rank_no = 1
