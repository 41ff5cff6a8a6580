-- Returns that looked for their sales in the batch, with how many units still wait (S11). Those
-- that wait for nothing any more, or that a correction took out, are left with none.

with

matched as (

    select
        file_no,
        line_no,
        sum(quantity_e4) as quantity_e4
    from {{ ref('matched_returns') }}
    group by file_no, line_no

)

select
    batch_returns.file_no,
    batch_returns.line_no,
    cast(batch_returns.left_e4 - coalesce(matched.quantity_e4, 0) as bigint) as quantity_e4
from {{ ref('batch_returns') }} as batch_returns
left join matched
    on batch_returns.file_no = matched.file_no
    and batch_returns.line_no = matched.line_no

union all

select
    replaces_file_no as file_no,
    replaces_line_no as line_no,
    cast(0 as bigint) as quantity_e4
from {{ ref('batch_corrections') }}
where quantity_e4 < 0
