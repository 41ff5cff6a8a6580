-- Lines of sales that the batch's returns may take back, with what is left of each (S11).
-- The newest comes first. A line that was replaced or is void is not among them, nor one that
-- had been held and whose uptake is not posted yet.

with

posted_files as (

    select file_no from {{ ref('files') }}
    union all
    select file_no from {{ source('raw', 'batch_files') }}

),

groups as (

    select distinct
        group_no,
        partner_no,
        advocate,
        sku,
        unit,
        tax_basis
    from {{ ref('batch_returns') }}

),

corrected as (

    select
        replacements.replaces_file_no as file_no,
        replacements.replaces_line_no as line_no
    from {{ source('raw', 'replacements') }} as replacements
    left join {{ source('raw', 'uptakes') }} as uptakes
        on replacements.file_no = uptakes.of_file_no
        and replacements.line_no = uptakes.of_line_no
    inner join posted_files
        on coalesce(uptakes.file_no, replacements.file_no) = posted_files.file_no

),

taken as (

    select
        of_file_no,
        of_line_no,
        sum(quantity_e4) as quantity_e4,
        sum(amount_e4) as amount_e4
    from (
        select of_file_no, of_line_no, quantity_e4, amount_e4 from {{ ref('takebacks') }}
        union all
        select of_file_no, of_line_no, quantity_e4, amount_e4 from {{ ref('corrected_takebacks') }}
    ) as before_and_now
    group by of_file_no, of_line_no

)

select
    groups.group_no,
    sales.file_no,
    sales.line_no,
    sales.document,
    sales.document_date,
    sales.second_advocate,
    cast(sales.quantity_e4 - coalesce(taken.quantity_e4, 0) as bigint) as left_e4,
    cast(greatest(sales.amount_e4 - coalesce(taken.amount_e4, 0), 0) as bigint) as left_amount_e4,
    row_number() over (
        partition by groups.group_no
        order by
            sales.document_date desc,
            {{ binary_order('sales.document') }} desc,
            {{ binary_order('sales.line_ref') }} desc,
            sales.file_no desc,
            sales.line_no desc
    ) as place
from {{ source('raw', 'sales') }} as sales
inner join groups
    on sales.partner_no = groups.partner_no
    and sales.advocate = groups.advocate
    and sales.sku = groups.sku
    and coalesce(sales.unit, '') = groups.unit
    and coalesce(sales.tax_basis, 'net') = groups.tax_basis
inner join posted_files on sales.file_no = posted_files.file_no
left join corrected
    on sales.file_no = corrected.file_no
    and sales.line_no = corrected.line_no
left join taken
    on sales.file_no = taken.of_file_no
    and sales.line_no = taken.of_line_no
where
    sales.outcome = 'accepted'
    and sales.quantity_e4 > 0
    and coalesce(sales.action, '') <> 'void'
    and corrected.file_no is null
    and sales.quantity_e4 > coalesce(taken.quantity_e4, 0)
    and not exists (
        select 1
        from {{ source('raw', 'uptakes') }} as uptakes
        where
            uptakes.of_file_no = sales.file_no
            and uptakes.of_line_no = sales.line_no
            and uptakes.file_no not in (select posted_files.file_no from posted_files)
    )
