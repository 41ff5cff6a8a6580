-- What no lot has any more: the advocate owes it (S10).

with

clawed as (

    select
        subject_no,
        sum(amount) as amount
    from {{ ref('clawbacks') }}
    group by subject_no

)

select
    sale_moves.subject_no,
    sale_moves.advocate_no,
    cast(sale_moves.rest - coalesce(clawed.amount, 0) as bigint) as amount
from {{ ref('sale_moves') }} as sale_moves
left join clawed on sale_moves.subject_no = clawed.subject_no
where sale_moves.rest > coalesce(clawed.amount, 0)
