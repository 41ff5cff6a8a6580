-- Requests that standing orders make: whole rewards only, the remainder stays (S17).
-- The price is the catalogue's of this day, frozen here.

with

orders as (

    select
        all_advocates.advocate_no,
        rewards.reward,
        rewards.partner_no,
        rewards.points,
        rewards.face_minor,
        rewards.currency,
        rewards.usable_days,
        rewards.deliver_to
    from {{ source('raw', 'standing_orders') }} as standing_orders
    inner join {{ source('raw', 'rewards') }} as rewards
        on standing_orders.reward = rewards.reward
    inner join (
        select advocate_no, advocate from {{ ref('advocates') }}
        union all
        select advocate_no, advocate from {{ ref('batch_advocates') }}
    ) as all_advocates
        on standing_orders.advocate = all_advocates.advocate

),

purses as (

    select
        advocate_no,
        cast(sum(available) as bigint) as available
    from {{ ref('redeemable_lots') }}
    group by advocate_no

),

affordable as (

    select
        orders.*,
        {{ floor_div('purses.available', 'orders.points') }} as n_rewards
    from orders
    inner join purses on orders.advocate_no = purses.advocate_no
    where purses.available >= orders.points

),

last_number as (

    select coalesce(max(request_no), 0) as request_no from {{ ref('requests') }}

)

select
    last_number.request_no
    + row_number() over (order by affordable.advocate_no, nth.n) as request_no,
    affordable.advocate_no,
    affordable.reward,
    affordable.partner_no,
    affordable.points,
    affordable.face_minor,
    affordable.currency,
    affordable.usable_days,
    affordable.deliver_to,
    nth.n as nth
from affordable
cross join {{ counting_to('affordable.n_rewards', 'nth', 'n') }}
cross join last_number
