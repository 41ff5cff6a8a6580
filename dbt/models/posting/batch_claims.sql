-- Claims of merchants for used vouchers, line by line, with what is payable for each; or why
-- nothing is: then the line is disputed (S17). Of several lines for one voucher the first that
-- is payable wins. A voucher that was cancelled in part is worth what is left of its face.

with

claimed as (

    select claims.*
    from {{ source('raw', 'claims') }} as claims
    inner join {{ source('raw', 'batch_files') }} as batch_files
        on claims.file_no = batch_files.file_no

),

restored as (

    select
        request_no,
        sum(points) as points
    from (
        select
            restores.request_no,
            restores.amount as points
        from {{ ref('restores') }} as restores
        where restores.request_no in (select claimed.request_no from claimed)
        union all
        select
            request_no,
            points
        from {{ ref('batch_cancellations') }}
    ) as before_and_now
    group by request_no

),

looked_up as (

    select
        claimed.file_no,
        claimed.line_no,
        claimed.request_no,
        claimed.used_on,
        claimed.received_on,
        claimed.amount_minor,
        partners.partner_no as claimed_by,
        requests.partner_no,
        requests.currency,
        uses.rule as ended_by,
        issues.request_no is not null or batch_issues.request_no is not null as is_issued,
        {{ days_after('requests.requested_on', 'requests.usable_days') }} as usable_until,
        {{ days_after(
            'requests.requested_on', 'requests.usable_days + stg_programme.claim_grace_days'
        ) }} as claimable_until,
        cast(
            {{ floor_div(
                wide('requests.face_minor') ~ ' * (requests.points - coalesce(restored.points, 0))',
                wide('requests.points')
            ) }}
            as bigint
        ) as face_minor
    from claimed
    cross join {{ ref('stg_programme') }} as stg_programme
    left join {{ source('raw', 'partners') }} as partners on claimed.merchant = partners.partner
    left join {{ ref('requests') }} as requests on claimed.request_no = requests.request_no
    left join {{ ref('issues') }} as issues on claimed.request_no = issues.request_no
    left join {{ ref('batch_issues') }} as batch_issues
        on claimed.request_no = batch_issues.request_no
    left join {{ ref('uses') }} as uses on claimed.request_no = uses.request_no
    left join restored on claimed.request_no = restored.request_no

),

checked as (

    select
        looked_up.*,
        case
            when partner_no is null then 'E_CODE_UNKNOWN'
            when claimed_by is null or claimed_by <> partner_no then 'E_OTHER_MERCHANT'
            when ended_by = 'use' then 'E_CLAIMED_ALREADY'
            when face_minor = 0 then 'E_VOUCHER_CANCELLED'
            when not is_issued then 'E_CODE_UNKNOWN'
            when amount_minor <> face_minor then 'E_CLAIM_AMOUNT'
            when ended_by = 'voucher_expire' then 'E_CLAIM_TOO_LATE'
            when used_on > usable_until or received_on > claimable_until then 'E_CLAIM_TOO_LATE'
        end as code
    from looked_up

),

ranked as (

    select
        checked.*,
        row_number() over (
            partition by request_no, code is null order by file_no, line_no
        ) as nth
    from checked

)

select
    file_no,
    line_no,
    request_no,
    partner_no,
    currency,
    face_minor,
    used_on,
    case when code is null and nth > 1 then 'E_CLAIMED_ALREADY' else code end as code
from ranked
