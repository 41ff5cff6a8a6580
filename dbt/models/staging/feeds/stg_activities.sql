-- What advocates did beside selling: one row for each activity that was accepted.

select
    cast(file_no as bigint) * 2147483648 + line_no as line_key,
    file_no,
    line_no,
    partner_no,
    activity_id,
    advocate,
    activity,
    done_on,
    outlet,
    referred_advocate
from {{ source('raw', 'activities') }}
