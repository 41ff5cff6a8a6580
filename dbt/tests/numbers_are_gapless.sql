-- Law 1: transfers are numbered without a gap or a repeat, on from the last batch.

with

last as (

    select coalesce(max(last_transfer_no), 0) as transfer_no from {{ ref('batches') }}

),

numbered as (

    select
        transfer_no,
        row_number() over (order by transfer_no) as nth
    from {{ ref('proposed_transfers') }}

)

select
    numbered.transfer_no,
    last.transfer_no + numbered.nth as expected
from numbered
cross join last
where numbered.transfer_no <> last.transfer_no + numbered.nth
