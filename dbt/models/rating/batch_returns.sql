-- Returns that look for the sales they take back: those of the batch, and those that have waited
-- and for which something may have come (S11).
--
-- Returns of one advocate, partner and product compete: `nth` is the order in which they are
-- served. One that names its document goes first, then the day, then the document.

with

corrected as (

    select
        replaces_file_no as file_no,
        replaces_line_no as line_no
    from {{ ref('batch_corrections') }}

),

fresh as (

    select
        stg_lines.*,
        -stg_lines.quantity_e4 as left_e4
    from {{ ref('stg_lines') }} as stg_lines
    left join corrected
        on stg_lines.file_no = corrected.file_no
        and stg_lines.line_no = corrected.line_no
    where
        stg_lines.quantity_e4 < 0
        and stg_lines.action <> 'void'
        and corrected.file_no is null

),

waiting as (

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
        '' as action,
        open_returns.quantity_e4 as left_e4
    from {{ ref('open_returns') }} as open_returns
    inner join {{ source('raw', 'sales') }} as sales
        on open_returns.file_no = sales.file_no
        and open_returns.line_no = sales.line_no
    left join corrected
        on open_returns.file_no = corrected.file_no
        and open_returns.line_no = corrected.line_no
    where corrected.file_no is null

),

news as (

    select
        stg_lines.partner_no,
        stg_lines.advocate,
        stg_lines.sku
    from {{ ref('stg_lines') }} as stg_lines
    where
        stg_lines.quantity_e4 > 0
        and stg_lines.advocate in (select waiting.advocate from waiting)

    union

    select
        corrections.partner_no,
        corrections.advocate,
        corrections.sku
    from {{ ref('batch_corrections') }} as corrections
    where corrections.quantity_e4 < 0

),

seeking as (

    select * from fresh
    union all
    select waiting.*
    from waiting
    inner join news
        on waiting.partner_no = news.partner_no
        and waiting.advocate = news.advocate
        and waiting.sku = news.sku

)

select
    file_no,
    line_no,
    partner_no,
    advocate,
    second_advocate,
    sku,
    unit,
    tax_basis,
    document_date,
    returns_document,
    -quantity_e4 as quantity_e4,
    -amount_e4 as amount_e4,
    left_e4,
    dense_rank() over (
        order by
            partner_no, {{ binary_order('advocate') }}, {{ binary_order('sku') }},
            {{ binary_order('unit') }}, tax_basis
    ) as group_no,
    row_number() over (
        partition by partner_no, advocate, sku, unit, tax_basis
        order by
            case when returns_document is null then 1 else 0 end,
            document_date,
            {{ binary_order('document') }},
            {{ binary_order('line_ref') }},
            file_no,
            line_no
    ) as nth
from seeking
