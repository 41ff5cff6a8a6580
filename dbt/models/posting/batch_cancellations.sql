-- Cancellations of the batch, with how much of its request each gives back, or why none (S9).
-- One that names no points takes all that is left; one that names more is cut to it.

with

restored as (

    select
        request_no,
        sum(amount) as points
    from {{ ref('restores') }}
    group by request_no

),

asked as (

    select
        cancellations.file_no,
        cancellations.line_no,
        cancellations.request_no,
        cancellations.cause,
        cancellations.cancelled_on,
        requests.requested_on,
        requests.advocate_no,
        requests.partner_no,
        requests.batch_no as request_batch_no,
        requests.transaction_no as request_transaction_no,
        requests.points as price,
        requests.face_minor,
        requests.currency,
        coalesce(restored.points, 0) as restored_before,
        requests.points - coalesce(restored.points, 0) as left_points,
        coalesce(cancellations.points, requests.points - coalesce(restored.points, 0)) as wanted,
        issues.request_no is not null or batch_issues.request_no is not null as is_issued,
        uses.rule as ended_by
    from {{ source('raw', 'cancellations') }} as cancellations
    inner join {{ source('raw', 'batch_files') }} as batch_files
        on cancellations.file_no = batch_files.file_no
    left join {{ ref('requests') }} as requests
        on cancellations.request_no = requests.request_no
    left join {{ ref('issues') }} as issues on cancellations.request_no = issues.request_no
    left join {{ ref('batch_issues') }} as batch_issues
        on cancellations.request_no = batch_issues.request_no
    left join restored on cancellations.request_no = restored.request_no
    left join {{ ref('uses') }} as uses on cancellations.request_no = uses.request_no

),

checked as (

    select
        asked.*,
        case
            when price is null then 'E_REQUEST_UNKNOWN'
            when cancelled_on < requested_on then 'E_BEFORE_REQUEST'
            when ended_by = 'use' then 'E_VOUCHER_USED'
            when ended_by = 'voucher_expire' then 'E_VOUCHER_EXPIRED'
            when ({{ wide('face_minor') }} * wanted) % price <> 0 then 'E_NOT_WHOLE'
        end as code
    from asked

),

laid_out as (

    select
        checked.*,
        sum(case when code is null then wanted else 0 end) over (
            partition by request_no
            order by cancelled_on, file_no, line_no
            rows between unbounded preceding and current row
        ) as high
    from checked

),

granted as (

    select
        laid_out.*,
        case
            when code is null then least(high, left_points) - least(high - wanted, left_points)
            else 0
        end as points
    from laid_out

)

select
    file_no,
    line_no,
    request_no,
    cause,
    cancelled_on,
    advocate_no,
    partner_no,
    request_batch_no,
    request_transaction_no,
    price,
    currency,
    is_issued,
    cast(points as bigint) as points,
    cast(restored_before + least(high - wanted, left_points) as bigint) as low,
    cast(
        {{ floor_div(wide('face_minor') ~ ' * points', wide('coalesce(price, 1)')) }} as bigint
    ) as face_minor,
    case when code is null and points = 0 then 'E_REQUEST_SPENT' else code end as code,
    row_number() over (order by request_no, cancelled_on, file_no, line_no) as group_no
from granted
