-- Outlets as partners have enrolled or changed them: one row for each line that was followed.

select
    cast(file_no as bigint) * 2147483648 + line_no as line_key,
    file_no,
    line_no,
    partner_no,
    outlet,
    city,
    province
from {{ source('raw', 'outlets') }}
