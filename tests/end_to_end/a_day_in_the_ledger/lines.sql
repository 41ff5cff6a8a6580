-- The lines of a file as they were loaded.

select line_no, document, sku, quantity_e4 // 10000 as quantity,
    cast(amount_e4 * cast(0.0001 as decimal(5, 4)) as decimal(18, 2)) as amount,
    outcome, code, returns_document
from raw.sales where file_no = $file_no order by line_no
