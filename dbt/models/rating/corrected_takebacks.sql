-- What corrections do to returns that were matched before.
--
--   undone  the return itself is replaced or void: what it took back is given back
--   moved   the sale is replaced: what was taken back of it is now taken back of the new line

with

standing as (

    select
        file_no,
        line_no,
        of_file_no,
        of_line_no,
        sum(quantity_e4) as quantity_e4,
        sum(amount_e4) as amount_e4
    from {{ ref('takebacks') }}
    group by file_no, line_no, of_file_no, of_line_no
    having sum(quantity_e4) <> 0

),

undone as (

    select
        corrections.file_no as by_file_no,
        corrections.line_no as by_line_no,
        standing.*
    from standing
    inner join {{ ref('batch_corrections') }} as corrections
        on standing.file_no = corrections.replaces_file_no
        and standing.line_no = corrections.replaces_line_no

),

standing_corrections as (  -- Of several corrections of one line in the batch, the last.

    select corrections.*
    from {{ ref('batch_corrections') }} as corrections
    left join {{ ref('batch_corrections') }} as later
        on corrections.file_no = later.replaces_file_no
        and corrections.line_no = later.replaces_line_no
    where later.file_no is null

),

moved as (

    select
        last.file_no as by_file_no,
        last.line_no as by_line_no,
        standing.*
    from standing
    inner join {{ ref('batch_corrections') }} as corrections
        on standing.of_file_no = corrections.replaces_file_no
        and standing.of_line_no = corrections.replaces_line_no
    inner join standing_corrections as last
        on corrections.partner_no = last.partner_no
        and corrections.document = last.document
        and corrections.document_date = last.document_date
        and corrections.line_ref = last.line_ref
    left join undone
        on standing.file_no = undone.file_no
        and standing.line_no = undone.line_no
    where undone.file_no is null

)

select
    'undone' as change,
    by_file_no,
    by_line_no,
    file_no,
    line_no,
    of_file_no,
    of_line_no,
    cast(-quantity_e4 as bigint) as quantity_e4,
    cast(-amount_e4 as bigint) as amount_e4
from undone

union all

select
    'moved' as change,
    by_file_no,
    by_line_no,
    file_no,
    line_no,
    of_file_no,
    of_line_no,
    cast(-quantity_e4 as bigint) as quantity_e4,
    cast(-amount_e4 as bigint) as amount_e4
from moved

union all

select
    'moved' as change,
    by_file_no,
    by_line_no,
    file_no,
    line_no,
    by_file_no as of_file_no,
    by_line_no as of_line_no,
    cast(quantity_e4 as bigint) as quantity_e4,
    cast(amount_e4 as bigint) as amount_e4
from moved
