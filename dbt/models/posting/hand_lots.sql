-- New lots that no sale opens: opening balances, adjustments, and points that a merchant's fault
-- gives back after their expiry. They are numbered after the batch's subjects.

with

opened as (

    select
        'opening_balance' as origin,
        advocate_no,
        earned_on,
        expires_on,
        points as amount,
        file_no,
        line_no,
        cast(null as bigint) as approval_no,
        cast(null as bigint) as request_transfer_no
    from {{ ref('batch_openings') }}
    where points > 0

    union all

    select
        'adjustment' as origin,
        adjustments.advocate_no,
        adjustments.adjusted_on as earned_on,
        {{ expiry_of(
            'adjustments.adjusted_on', 'stg_programme.expiry_months',
            'stg_programme.expiry_round_up'
        ) }} as expires_on,
        adjustments.points as amount,
        adjustments.file_no,
        adjustments.line_no,
        adjustments.approval_no,
        cast(null as bigint) as request_transfer_no
    from {{ ref('batch_adjustments') }} as adjustments
    cross join {{ ref('stg_programme') }} as stg_programme
    where adjustments.points > 0

    union all

    select
        'grace' as origin,
        restored.advocate_no,
        restored.earned_on,
        {{ days_after('restored.cancelled_on', 'stg_programme.grace_days') }} as expires_on,
        restored.amount,
        restored.file_no,
        restored.line_no,
        cast(null as bigint) as approval_no,
        restored.request_transfer_no
    from {{ ref('restored_lots') }} as restored
    cross join {{ ref('stg_programme') }} as stg_programme
    where restored.is_renewed

),

last_number as (

    select coalesce(max(lot_no), 0) as lot_no
    from (
        select lot_no from {{ ref('lots') }}
        union all
        select subject_no from {{ ref('batch_subjects') }}
    ) as numbers

)

select
    (select lot_no from last_number) + row_number() over (
        order by
            opened.advocate_no,
            opened.earned_on,
            coalesce(opened.expires_on, date '9999-12-31'),
            opened.amount,
            opened.file_no,
            opened.line_no,
            opened.request_transfer_no
    ) as lot_no,
    opened.origin,
    cast(opened.advocate_no as integer) as advocate_no,
    opened.earned_on,
    opened.expires_on,
    cast(opened.amount as bigint) as amount,
    opened.file_no,
    opened.line_no,
    opened.approval_no,
    opened.request_transfer_no
from opened
