-- Requests of the batch: those by file that are served, then those that standing orders make,
-- whole rewards only, the remainder stays (S17). The price is the catalogue's of this day,
-- frozen here. [low, high) is their place in the advocate's running total.

with

by_file as (

    select
        asked.advocate_no,
        0 as is_standing,
        asked.nth,
        asked.reward,
        served.low,
        served.high,
        asked.requested_on,
        asked.file_no,
        asked.line_no,
        asked.request_id
    from {{ ref('served_requests') }} as served
    inner join {{ ref('asked_rewards') }} as asked
        on served.advocate_no = asked.advocate_no
        and served.nth = asked.nth
        and asked.code is null
    where served.is_served

),

used as (

    select
        advocate_no,
        max(high) as high
    from {{ ref('served_requests') }}
    group by advocate_no

),

purses as (

    select
        lots.advocate_no,
        greatest(
            coalesce(max(case when lots.expires_on < stg_batch.as_of then lots.high end), 0),
            coalesce(max(used.high), 0)
        ) as low,
        max(lots.high) as high
    from {{ ref('redeemable_lots') }} as lots
    cross join {{ ref('stg_batch') }} as stg_batch
    left join used on lots.advocate_no = used.advocate_no
    where stg_batch.kind = 'day'
    group by lots.advocate_no

),

orders as (

    select
        coalesce(merges.into_advocate_no, all_advocates.advocate_no) as advocate_no,
        rewards.reward,
        rewards.points,
        row_number() over (
            partition by coalesce(merges.into_advocate_no, all_advocates.advocate_no)
            order by all_advocates.advocate_no
        ) as rank_no
    from {{ source('raw', 'standing_orders') }} as standing_orders
    inner join {{ source('raw', 'rewards') }} as rewards
        on standing_orders.reward = rewards.reward
    inner join (
        select advocate_no, advocate from {{ ref('advocates') }}
        union all
        select advocate_no, advocate from {{ ref('batch_advocates') }}
    ) as all_advocates
        on standing_orders.advocate = all_advocates.advocate
    left join {{ ref('merges') }} as merges on all_advocates.advocate_no = merges.advocate_no

),

affordable as (

    select
        orders.advocate_no,
        orders.reward,
        orders.points,
        purses.low,
        {{ floor_div('purses.high - purses.low', 'orders.points') }} as n_rewards
    from orders
    inner join purses on orders.advocate_no = purses.advocate_no
    where
        orders.rank_no = 1  -- Of merged advocates, the order of the one who was first known.
        and purses.high - purses.low >= orders.points

),

standing as (

    select
        affordable.advocate_no,
        1 as is_standing,
        nth.n as nth,
        affordable.reward,
        affordable.low + affordable.points * (nth.n - 1) as low,
        affordable.low + affordable.points * nth.n as high,
        stg_batch.as_of as requested_on,
        cast(null as integer) as file_no,
        cast(null as integer) as line_no,
        cast(null as {{ dbt.type_string() }}) as request_id
    from affordable
    cross join {{ counting_to('affordable.n_rewards', 'nth', 'n') }}
    cross join {{ ref('stg_batch') }} as stg_batch

),

together as (

    select * from by_file
    union all
    select * from standing

),

last_number as (

    select coalesce(max(request_no), 0) as request_no from {{ ref('requests') }}

)

select
    (select request_no from last_number)
    + row_number() over (
        order by together.advocate_no, together.is_standing, together.nth
    ) as request_no,
    together.advocate_no,
    together.reward,
    rewards.partner_no,
    rewards.points,
    rewards.face_minor,
    rewards.currency,
    rewards.usable_days,
    rewards.deliver_to,
    together.requested_on,
    together.file_no,
    together.line_no,
    together.request_id,
    cast(together.low as bigint) as low,
    cast(together.high as bigint) as high
from together
inner join {{ source('raw', 'rewards') }} as rewards on together.reward = rewards.reward
