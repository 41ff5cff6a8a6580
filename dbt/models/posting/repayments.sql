-- Arrears are paid off by what the batch earned and by what becomes available in it, oldest
-- first, before any of it becomes available: arrears and available points never stand
-- together (S10).

with

arrears as (

    select
        advocate_no,
        cast(sum(amount) as bigint) as amount
    from (
        select
            accounts.advocate_no,
            balances.debits - balances.credits as amount
        from {{ ref('accounts') }} as accounts
        inner join {{ ref('balances') }} as balances on accounts.account_no = balances.account_no
        where accounts.account_kind = 'arrears'
        union all
        select
            advocate_no,
            owed as amount
        from {{ ref('new_arrears') }}
    ) as before_and_new
    group by advocate_no
    having sum(amount) > 0

),

means as (

    select
        lots_after_sales.lot_no,
        lots_after_sales.advocate_no,
        lots_after_sales.earned_on,
        case
            when lots_after_sales.matures_on <= stg_batch.as_of and stg_batch.kind = 'day'
                then lots_after_sales.pending
            else least(lots_after_sales.pending, lots_after_sales.fresh)
        end as means
    from {{ ref('lots_after_sales') }} as lots_after_sales
    cross join {{ ref('stg_batch') }} as stg_batch
    where lots_after_sales.advocate_no in (select arrears.advocate_no from arrears)

),

laid_out as (

    select
        lot_no,
        advocate_no,
        (sum(means) over oldest_first) - means as low,
        sum(means) over oldest_first as high
    from means
    where means > 0
    window oldest_first as (
        partition by advocate_no
        order by earned_on, lot_no
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
