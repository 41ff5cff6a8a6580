-- Each line of a file that an advocate's points lead back to. The advocate is the owner of the
-- points: after a merge, another one than the line names.

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
inner join {{ ref('advocates') }} as named on sales.advocate = named.advocate
left join {{ ref('lots') }} as lots on award_lines.subject_no = lots.lot_no
inner join {{ ref('advocates') }} as advocates
    on coalesce(lots.advocate_no, named.advocate_no) = advocates.advocate_no
inner join {{ source('raw', 'partners') }} as partners on sales.partner_no = partners.partner_no
