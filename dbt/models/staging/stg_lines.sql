-- The lines of the batch's files that may move points: accepted ones, and returns that have
-- found no sale yet. Whether they find one now is decided in the batch (S11).
--
-- A line that had been held belongs to the file that brought it again, its uptake, and keeps the
-- file and line that it came by.

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
where
    (sales.outcome = 'accepted' or sales.code = 'RETURN_UNMATCHED')
    and not exists (
        select 1
        from {{ source('raw', 'uptakes') }} as uptakes
        where uptakes.of_file_no = sales.file_no and uptakes.of_line_no = sales.line_no
    )

union all

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
from {{ source('raw', 'uptakes') }} as uptakes
inner join {{ source('raw', 'batch_files') }} as batch_files
    on uptakes.file_no = batch_files.file_no
inner join {{ source('raw', 'sales') }} as sales
    on uptakes.of_file_no = sales.file_no
    and uptakes.of_line_no = sales.line_no
where sales.outcome = 'accepted' or sales.code = 'RETURN_UNMATCHED'
