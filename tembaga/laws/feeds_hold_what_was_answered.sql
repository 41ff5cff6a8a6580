-- Law 6: of each file of outlets, advocates, products, activities or voucher status the warehouse
-- holds each line once that the partner was told is accepted.
-- Looks at: register_files

with

held as (

    select file_no, line_no from raw.outlets
    union all
    select file_no, line_no from raw.advocates
    union all
    select file_no, line_no from raw.partner_products
    union all
    select file_no, line_no from raw.activities
    union all
    select file_no, line_no from raw.voucher_status

),

counted as (

    select
        held.file_no,
        count(*) as n_rows,
        count(distinct held.line_no) as n_lines
    from held
    group by held.file_no

)

select
    known.file_no,
    known.name,
    known.lines_accepted as said,
    counted.n_lines as found,
    counted.n_rows as n_rows
from register_files as known
left join counted on known.file_no = counted.file_no
where
    known.feed in ('outlets', 'advocates', 'products', 'activities', 'voucher_status')
    and (
        known.lines_accepted <> coalesce(counted.n_lines, 0)
        or counted.n_rows <> counted.n_lines
    )
