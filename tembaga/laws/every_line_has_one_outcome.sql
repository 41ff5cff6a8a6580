-- Law 6: each line of a posted file is rated, or void, or a return that was matched or waits for
-- its sale; no line is rated twice for a subject in a batch.
-- Looks at: raw.sales

with

lines as (

    select
        sales.file_no,
        sales.line_no,
        sales.quantity_e4,
        coalesce(sales.action, '') as action
    from raw.sales as sales
    left join raw.uptakes as uptakes
        on sales.file_no = uptakes.of_file_no
        and sales.line_no = uptakes.of_line_no
    inner join ledger.files as files on coalesce(uptakes.file_no, sales.file_no) = files.file_no
    where sales.outcome = 'accepted' or sales.code = 'RETURN_UNMATCHED'

),

rated as (

    select distinct file_no, line_no from ledger.award_lines

),

matched as (

    select
        file_no,
        line_no,
        sum(quantity_e4) as quantity_e4
    from ledger.takebacks
    group by file_no, line_no

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
    concat('file ', lines.file_no, ', line ', lines.line_no, ' has no outcome') as what,
    0 as found
from lines
left join rated
    on lines.file_no = rated.file_no
    and lines.line_no = rated.line_no
where
    rated.file_no is null
    and lines.quantity_e4 >= 0
    and lines.action <> 'void'

union all

select
    concat('file ', lines.file_no, ', line ', lines.line_no, ' is not wholly matched, nor waits')
        as what,
    coalesce(matched.quantity_e4, 0) + coalesce(waiting.quantity_e4, 0) as found
from lines
left join corrected
    on lines.file_no = corrected.file_no
    and lines.line_no = corrected.line_no
left join matched
    on lines.file_no = matched.file_no
    and lines.line_no = matched.line_no
left join ledger.open_returns as waiting
    on lines.file_no = waiting.file_no
    and lines.line_no = waiting.line_no
where
    lines.quantity_e4 < 0
    and coalesce(matched.quantity_e4, 0) + coalesce(waiting.quantity_e4, 0)
    <> case
        when lines.action = 'void' or corrected.file_no is not null then 0
        else -lines.quantity_e4
    end

union all

select
    concat('file ', file_no, ', line ', line_no, ' is rated twice') as what,
    count(*) as found
from ledger.award_lines
group by batch_no, subject_no, file_no, line_no
having count(*) > 1
