-- What no lot has any more. By the programme's rule the advocate owes it, up to a limit; what is
-- not owed is lost (S10).

with

clawed as (

    select
        subject_no,
        sum(amount) as amount
    from {{ ref('clawbacks') }}
    group by subject_no

),

uncovered as (

    select
        sale_moves.subject_no,
        sale_moves.advocate_no,
        sale_moves.rest - coalesce(clawed.amount, 0) as amount
    from {{ ref('sale_moves') }} as sale_moves
    left join clawed on sale_moves.subject_no = clawed.subject_no
    where sale_moves.rest > coalesce(clawed.amount, 0)

),

laid_out as (

    select
        uncovered.subject_no,
        uncovered.advocate_no,
        uncovered.amount,
        sum(uncovered.amount) over (
            partition by uncovered.advocate_no order by uncovered.subject_no
        ) - uncovered.amount as low,
        case
            when stg_programme.clawback <> 'arrears' then 0
            when stg_programme.arrears_limit is null then null
            else greatest(
                stg_programme.arrears_limit - coalesce(balances.debits - balances.credits, 0), 0
            )
        end as headroom
    from uncovered
    cross join {{ ref('stg_programme') }} as stg_programme
    left join {{ ref('balances') }} as balances
        on uncovered.advocate_no * 8 + 4 = balances.account_no

),

split as (

    select
        subject_no,
        advocate_no,
        amount,
        coalesce(greatest(least(headroom - low, amount), 0), amount) as owed
    from laid_out

)

select
    subject_no,
    advocate_no,
    cast(owed as bigint) as owed,
    cast(amount - owed as bigint) as lost
from split
