-- Advocates whose points become another's in this batch, or their own again (S23).
-- Those who were merged into the giver before follow along.

with

merged as (

    select
        advocate_no,
        into_advocate_no,
        cast(null as integer) as previous_into_no
    from {{ ref('batch_merges') }}
    where code is null

    union all

    select
        merges.advocate_no,
        batch_merges.into_advocate_no,
        merges.into_advocate_no as previous_into_no
    from {{ ref('merges') }} as merges
    inner join {{ ref('batch_merges') }} as batch_merges
        on merges.into_advocate_no = batch_merges.advocate_no
    where batch_merges.code is null

),

parted as (

    select
        merges.advocate_no,
        merges.previous_into_no as into_advocate_no,
        merges.into_advocate_no as previous_into_no
    from {{ ref('merges') }} as merges
    inner join {{ ref('batch_reversals') }} as reversals on merges.batch_no = reversals.batch_no
    where reversals.code is null

)

select
    together.advocate_no,
    together.into_advocate_no,
    together.previous_into_no,
    stg_batch.batch_no
from (
    select * from merged
    union all
    select * from parted
) as together
cross join {{ ref('stg_batch') }} as stg_batch
