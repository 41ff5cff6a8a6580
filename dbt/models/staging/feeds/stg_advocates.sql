-- What partners have said of advocates: one row for each line that was followed. No name, no address.

select
    cast(file_no as bigint) * 2147483648 + line_no as line_key,
    file_no,
    line_no,
    partner_no,
    advocate,
    action,
    action_on,
    outlet,
    consent_on,
    consent_wording,
    consent_proof
from {{ source('raw', 'advocates') }}
