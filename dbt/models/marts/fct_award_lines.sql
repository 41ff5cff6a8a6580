-- Each line of a file that an advocate's points lead back to.

select
    award_lines.batch_no,
    award_lines.subject_no,
    advocates.advocate,
    award_lines.file_no,
    award_lines.line_no,
    award_lines.points,
    award_lines.reason,
    partners.partner,
    sales.document,
    sales.document_date,
    sales.sku,
    sales.quantity_e4,
    sales.amount_e4,
    sales.outlet,
    sales.currency
from {{ ref('award_lines') }} as award_lines
inner join {{ source('raw', 'sales') }} as sales
    on award_lines.file_no = sales.file_no
    and award_lines.line_no = sales.line_no
inner join {{ ref('advocates') }} as advocates on sales.advocate = advocates.advocate
inner join {{ source('raw', 'partners') }} as partners on sales.partner_no = partners.partner_no
