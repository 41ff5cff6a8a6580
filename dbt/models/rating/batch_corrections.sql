-- Lines of the batch that replace or void an earlier one, with what that one said (S13).

select
    replacements.file_no,
    replacements.line_no,
    replacements.replaces_file_no,
    replacements.replaces_line_no,
    stg_lines.action,
    replaced.partner_no,
    replaced.document,
    replaced.document_date,
    replaced.line_ref,
    replaced.advocate,
    replaced.second_advocate,
    replaced.sku,
    replaced.quantity_e4,
    replaced.amount_e4,
    coalesce(replaced.unit, '') as unit,
    coalesce(replaced.tax_basis, 'net') as tax_basis,
    coalesce(replaced.action, '') = 'void' as was_void
from {{ source('raw', 'replacements') }} as replacements
inner join {{ ref('stg_lines') }} as stg_lines
    on replacements.file_no = stg_lines.file_no
    and replacements.line_no = stg_lines.line_no
inner join {{ source('raw', 'sales') }} as replaced
    on replacements.replaces_file_no = replaced.file_no
    and replacements.replaces_line_no = replaced.line_no
