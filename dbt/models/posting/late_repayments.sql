-- Arrears that available points pay: what a cancellation gave back, an adjustment, an opening
-- balance, a merge. Arrears and available points never stand together (S10, S23).

with

arrears as (

    select
        advocate_no,
        sum(amount) as amount
    from (
        select
            accounts.advocate_no,
            balances.debits - balances.credits as amount
        from {{ ref('accounts') }} as accounts
        inner join {{ ref('balances') }} as balances on accounts.account_no = balances.account_no
        where accounts.account_kind = 'arrears'
        union all
        select advocate_no, amount from {{ ref('arrears_moves') }}
    ) as before_and_new
    group by advocate_no
    having sum(amount) > 0

),

means as (

    select
        lot_no,
        advocate_no,
        earned_on,
        expires_on,
        available
    from {{ ref('lots_after_credits') }}
    where
        available > 0
        and advocate_no in (select arrears.advocate_no from arrears)
    union all
    select
        lot_no,
        advocate_no,
        earned_on,
        expires_on,
        available
    from {{ ref('lots') }}
    where
        available > 0
        and advocate_no in (select arrears.advocate_no from arrears)
        and not exists (
            select 1
            from {{ ref('lots_after_credits') }} as touched
            where touched.lot_no = lots.lot_no
        )

),

laid_out as (

    select
        lot_no,
        advocate_no,
        (sum(available) over soonest_first) - available as low,
        sum(available) over soonest_first as high
    from means
    window soonest_first as (
        partition by advocate_no
        order by coalesce(expires_on, date '9999-12-31'), earned_on, lot_no
        rows between unbounded preceding and current row
    )

)

select
    laid_out.lot_no,
    laid_out.advocate_no,
    cast(least(laid_out.high, arrears.amount) - laid_out.low as bigint) as amount
from laid_out
inner join arrears
    on laid_out.advocate_no = arrears.advocate_no
    and laid_out.low < arrears.amount
