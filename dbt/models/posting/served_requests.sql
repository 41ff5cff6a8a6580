-- What each request by file gets of its advocate's points: [low, high) of the running total, or
-- nothing if there is too little (S17). One after the other, for one that is refused leaves its
-- points to the next. A request skips lots whose last day had passed when it was made (S7).

with recursive

asked as (

    select
        asked.advocate_no,
        asked.nth,
        asked.points,
        coalesce(max(case when lots.expires_on < asked.requested_on then lots.high end), 0) as skip,
        coalesce(max(lots.high), 0) as total
    from {{ ref('asked_rewards') }} as asked
    left join {{ ref('redeemable_lots') }} as lots on asked.advocate_no = lots.advocate_no
    where asked.code is null
    group by asked.advocate_no, asked.nth, asked.points

),

served as (

    select
        advocate_no,
        cast(0 as bigint) as nth,
        cast(0 as bigint) as low,
        cast(0 as bigint) as high,
        false as is_served
    from asked
    where nth = 1

    union all

    select
        asked.advocate_no,
        cast(asked.nth as bigint) as nth,
        case
            when greatest(served.high, asked.skip) + asked.points <= asked.total
                then greatest(served.high, asked.skip)
            else served.high
        end as low,
        case
            when greatest(served.high, asked.skip) + asked.points <= asked.total
                then greatest(served.high, asked.skip) + asked.points
            else served.high
        end as high,
        greatest(served.high, asked.skip) + asked.points <= asked.total as is_served
    from served
    inner join asked
        on served.advocate_no = asked.advocate_no
        and served.nth + 1 = asked.nth

)

select
    advocate_no,
    nth,
    low,
    high,
    is_served
from served
where nth > 0
