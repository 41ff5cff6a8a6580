-- Law 6: of each posted file the warehouse holds as many accepted lines, and as much money on
-- them, as the register says and the partner was told.
-- Looks at: register_files

with

loaded as (

    select
        sales.file_no,
        count(*) as n_lines,
        sum(sales.amount_e4) as amount_e4
    from raw.sales as sales
    where sales.outcome = 'accepted'
    group by sales.file_no

)

select
    known.file_no,
    known.name,
    known.lines_accepted as said,
    loaded.n_lines as found,
    known.amount_accepted_e4 as said_e4,
    loaded.amount_e4 as found_e4
from register_files as known
left join loaded on known.file_no = loaded.file_no
where
    known.batch_no is not null
    and known.feed in ('sales', 'withdrawals')
    and (
        known.lines_accepted <> coalesce(loaded.n_lines, 0)
        or known.amount_accepted_e4 <> coalesce(loaded.amount_e4, 0)
    )
