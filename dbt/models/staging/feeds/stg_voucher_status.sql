-- What merchants have said of vouchers: one row for each line that was accepted.

select
    cast(file_no as bigint) * 2147483648 + line_no as line_key,
    file_no,
    line_no,
    partner_no,
    request_no,
    status,
    status_on,
    reason
from {{ source('raw', 'voucher_status') }}
