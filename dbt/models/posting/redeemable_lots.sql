-- What requests can take, laid out for each advocate in the order in which it is taken (S8):
-- the interval [low, high) of the running total.
--
-- Expired points stand there too, for advocates whose request comes late: one that was made
-- when the lot could still be used takes its expiry back (S7).

with

late as (

    select
        advocate_no,
        min(requested_on) as since
    from {{ ref('asked_rewards') }}
    where code is null
    group by advocate_no

),

ordering as (

    select advocate_no from late
    union
    select coalesce(merges.into_advocate_no, advocates.advocate_no) as advocate_no
    from {{ source('raw', 'standing_orders') }} as standing_orders
    inner join (
        select advocate_no, advocate from {{ ref('advocates') }}
        union all
        select advocate_no, advocate from {{ ref('batch_advocates') }}
    ) as advocates
        on standing_orders.advocate = advocates.advocate
    left join {{ ref('merges') }} as merges on advocates.advocate_no = merges.advocate_no

),

lots as (

    select lot_no, advocate_no, earned_on, expires_on, available, expired
    from {{ ref('lots_after_hand') }}
    union all
    select lot_no, advocate_no, earned_on, expires_on, available, expired
    from {{ ref('lots') }}
    where
        (available > 0 or expired > 0)
        and not exists (
            select 1
            from {{ ref('lots_after_hand') }} as touched
            where touched.lot_no = lots.lot_no
        )

),

parts as (

    select
        lots.lot_no,
        lots.advocate_no,
        lots.earned_on,
        lots.expires_on,
        0 as is_expired,
        lots.available as amount
    from lots
    inner join ordering on lots.advocate_no = ordering.advocate_no
    where lots.available > 0

    union all

    select
        lots.lot_no,
        lots.advocate_no,
        lots.earned_on,
        lots.expires_on,
        1 as is_expired,
        lots.expired as amount
    from lots
    inner join late on lots.advocate_no = late.advocate_no
    where lots.expired > 0 and lots.expires_on >= late.since

)

select
    lot_no,
    advocate_no,
    expires_on,
    is_expired,
    cast(amount as bigint) as amount,
    cast((sum(amount) over soonest_first) - amount as bigint) as low,
    cast(sum(amount) over soonest_first as bigint) as high
from parts
window soonest_first as (
    partition by advocate_no
    order by coalesce(expires_on, date '9999-12-31'), earned_on, lot_no, is_expired
    rows between unbounded preceding and current row
)
