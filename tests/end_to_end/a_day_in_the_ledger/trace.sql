-- The lines that made the points of the first lot.

select batch_no, file_no, line_no, document, sku, quantity_e4 // 10000 as quantity, points,
    cast(sum(points) over (order by batch_no, file_no, line_no) as bigint) as so_far
from marts.fct_award_lines where subject_no = 1 order by batch_no, file_no, line_no
