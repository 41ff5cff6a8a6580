-- Which lots a negative adjustment takes from, soonest expiry first (S8). What no lot has is owed.

with

debts as (

    select
        approval_no,
        advocate_no,
        (sum(-points) over in_order) + points as low,
        sum(-points) over in_order as high
    from {{ ref('batch_adjustments') }}
    where points < 0
    window in_order as (
        partition by advocate_no
        order by adjusted_on, approval_no
        rows between unbounded preceding and current row
    )

),

means as (

    select
        together.lot_no,
        together.advocate_no,
        together.earned_on,
        together.expires_on,
        together.available - coalesce(repaid.amount, 0) as available
    from (
        select lot_no, advocate_no, earned_on, expires_on, available
        from {{ ref('lots_after_credits') }}
        union all
        select lot_no, advocate_no, earned_on, expires_on, available
        from {{ ref('lots') }}
        where not exists (
            select 1
            from {{ ref('lots_after_credits') }} as touched
            where touched.lot_no = lots.lot_no
        )
    ) as together
    left join {{ ref('late_repayments') }} as repaid on together.lot_no = repaid.lot_no
    where together.advocate_no in (select debts.advocate_no from debts)

),

supplies as (

    select
        lot_no,
        advocate_no,
        (sum(available) over soonest_first) - available as low,
        sum(available) over soonest_first as high
    from means
    where available > 0
    window soonest_first as (
        partition by advocate_no
        order by coalesce(expires_on, date '9999-12-31'), earned_on, lot_no
        rows between unbounded preceding and current row
    )

)

select
    debts.approval_no,
    debts.advocate_no,
    supplies.lot_no,
    cast(
        least(debts.high, supplies.high) - greatest(debts.low, supplies.low) as bigint
    ) as amount
from debts
inner join supplies
    on debts.advocate_no = supplies.advocate_no
    and debts.low < supplies.high
    and supplies.low < debts.high
