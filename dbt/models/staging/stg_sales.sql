-- The accepted sales lines of the files in the batch.

select
    sales.file_no,
    sales.line_no,
    sales.partner_no,
    sales.advocate,
    sales.outlet,
    sales.sku,
    sales.unit,
    sales.tax_basis,
    sales.quantity_e4,
    sales.amount_e4,
    sales.document_date,
    sales.rated_document as document,
    sales.rated_document_date as earned_on
from {{ source('raw', 'sales') }} as sales
inner join {{ source('raw', 'batch_files') }} as batch_files
    on sales.file_no = batch_files.file_no
where sales.outcome = 'accepted'
