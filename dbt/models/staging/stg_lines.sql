-- The lines of the batch's files that may move points: accepted ones, and returns that have
-- found no sale yet. Whether they find one now is decided in the batch (S11).

select
    sales.file_no,
    sales.line_no,
    sales.partner_no,
    sales.document,
    sales.document_date,
    sales.line_ref,
    sales.advocate,
    sales.second_advocate,
    sales.sku,
    sales.quantity_e4,
    sales.amount_e4,
    coalesce(sales.unit, '') as unit,
    coalesce(sales.tax_basis, 'net') as tax_basis,
    sales.returns_document,
    coalesce(sales.action, '') as action
from {{ source('raw', 'sales') }} as sales
inner join {{ source('raw', 'batch_files') }} as batch_files
    on sales.file_no = batch_files.file_no
where sales.outcome = 'accepted' or sales.code = 'RETURN_UNMATCHED'
