-- Vouchers that nobody has claimed and nobody can any more, with what is left of their face.
-- They are looked for in the batch of a day, where the programme books breakage.

{{ config(materialized='ephemeral') }}

with

due as (

    select
        requests.request_no,
        requests.partner_no,
        requests.points,
        requests.face_minor,
        requests.currency,
        {{ days_after(
            'requests.requested_on', 'requests.usable_days + stg_programme.claim_grace_days + 1'
        ) }} as expired_on
    from {{ ref('stg_batch') }} as stg_batch
    inner join {{ ref('stg_programme') }} as stg_programme
        on stg_batch.kind = 'day'
        and stg_programme.books_breakage
    inner join {{ ref('requests') }} as requests
        on {{ days_after(
            'requests.requested_on', 'requests.usable_days + stg_programme.claim_grace_days'
        ) }} < stg_batch.as_of
    inner join {{ ref('issues') }} as issues on requests.request_no = issues.request_no
    left join {{ ref('uses') }} as uses on requests.request_no = uses.request_no
    left join {{ ref('batch_claims') }} as claims
        on requests.request_no = claims.request_no
        and claims.code is null
    where
        uses.request_no is null
        and claims.request_no is null

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
        where restores.request_no in (select due.request_no from due)
        union all
        select
            request_no,
            points
        from {{ ref('batch_cancellations') }}
    ) as before_and_now
    group by request_no

),

left_over as (

    select
        due.request_no,
        due.partner_no,
        due.currency,
        due.expired_on,
        cast(
            {{ floor_div(
                wide('due.face_minor') ~ ' * (due.points - coalesce(restored.points, 0))',
                wide('due.points')
            ) }}
            as bigint
        ) as face_minor
    from due
    left join restored on due.request_no = restored.request_no

)

select * from left_over
where face_minor > 0
