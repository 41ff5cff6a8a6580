-- What each return takes back of which line: as many units as are left there (S11).
--
-- Returns of a group are served one after the other, each from what the ones before it have
-- left. Its amount is shared out over its units by cumulative floor, and never more is taken
-- than the line still has.

with recursive

served as (

    {{ served_returns() }}

)

select
    batch_returns.file_no,
    batch_returns.line_no,
    batch_returns.document_date as returned_on,
    sold_lines.file_no as of_file_no,
    sold_lines.line_no as of_line_no,
    served.taken_e4 as quantity_e4,
    served.taken_amount_e4 as amount_e4
from served
inner join {{ ref('batch_returns') }} as batch_returns
    on served.group_no = batch_returns.group_no
    and served.nth = batch_returns.nth
inner join {{ ref('sold_lines') }} as sold_lines
    on served.group_no = sold_lines.group_no
    and served.place = sold_lines.place
where served.taken_e4 > 0
