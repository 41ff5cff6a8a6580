-- The partners' own codes of products: one row for each line that was accepted.

select
    cast(file_no as bigint) * 2147483648 + line_no as line_key,
    file_no,
    line_no,
    partner_no,
    product,
    sku,
    valid_from
from {{ source('raw', 'partner_products') }}
