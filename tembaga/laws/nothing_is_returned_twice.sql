-- Law 6: returns take back no more of a sold line than was sold, and nothing of one that was
-- replaced or is void.
-- Looks at: ledger.takebacks

with

taken as (

    select
        of_file_no as file_no,
        of_line_no as line_no,
        sum(quantity_e4) as quantity_e4,
        sum(amount_e4) as amount_e4
    from ledger.takebacks
    group by of_file_no, of_line_no

),

corrected as (

    select distinct
        replacements.replaces_file_no as file_no,
        replacements.replaces_line_no as line_no
    from raw.replacements as replacements
    left join raw.uptakes as uptakes
        on replacements.file_no = uptakes.of_file_no
        and replacements.line_no = uptakes.of_line_no
    inner join ledger.files as files
        on coalesce(uptakes.file_no, replacements.file_no) = files.file_no

)

select
    taken.file_no,
    taken.line_no,
    taken.quantity_e4 as taken_e4,
    sales.quantity_e4 as sold_e4,
    taken.amount_e4,
    sales.amount_e4 as sold_amount_e4
from taken
left join raw.sales as sales
    on taken.file_no = sales.file_no
    and taken.line_no = sales.line_no
left join corrected
    on taken.file_no = corrected.file_no
    and taken.line_no = corrected.line_no
where
    sales.file_no is null
    or taken.quantity_e4 < 0
    or taken.quantity_e4 > case when corrected.file_no is null then sales.quantity_e4 else 0 end
    or taken.amount_e4 > case when corrected.file_no is null then sales.amount_e4 else 0 end
