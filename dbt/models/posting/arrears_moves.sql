-- What the batch adds to the arrears of each advocate and takes off, before available points
-- pay them (S10).

with

moves as (

    select advocate_no, owed as amount from {{ ref('new_arrears') }} where owed > 0
    union all
    select advocate_no, -amount as amount from {{ ref('repayments') }}
    union all
    select advocate_no, -points as amount from {{ ref('batch_openings') }} where points < 0
    union all
    select advocate_no, -amount as amount from {{ ref('merged_arrears') }}
    union all
    select into_advocate_no as advocate_no, amount from {{ ref('merged_arrears') }}
    union all
    select credit_advocate_no as advocate_no, -amount as amount
    from {{ ref('reversed_transfers') }}
    where leg in (2, 6)
    union all
    select advocate_no, amount
    from {{ ref('reversed_transfers') }}
    where leg in (6, 7)

)

select
    advocate_no,
    cast(sum(amount) as bigint) as amount
from moves
group by advocate_no
