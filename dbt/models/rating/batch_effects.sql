-- What each line of the batch adds to, or takes from, which document of which advocate.
--
--   a sale              itself
--   a return            a piece for each line that it takes back, at that line's product and day
--   a correction        the undoing of the line it replaces, beside itself
--
-- The document is the subject's: all of an invoice, one line of it, or a month (S1). What two
-- advocates claim together is a document of its own beside it, of both: each line of it has an
-- effect for either of them (S13).
--
-- PostgreSQL takes the lines of a view for one and looks through all advocates for each of them;
-- in a table it knows how many they are. DuckDB need not write them down.

{{ config(materialized='proposal' if target.type == 'postgres' else 'view') }}

with

effects as {{ inline() }} (

    select
        file_no,
        line_no,
        partner_no,
        document,
        document_date,
        line_ref,
        advocate,
        coalesce(second_advocate, '') as second_advocate,
        sku,
        unit,
        tax_basis,
        quantity_e4,
        amount_e4,
        amount_e4 = 0 as is_free,
        action = '' and second_advocate is null as is_alone,
        document_date as event_on
    from {{ ref('stg_lines') }}
    where quantity_e4 >= 0 and action <> 'void'

    union all

    select
        file_no,
        line_no,
        partner_no,
        document,
        document_date,
        line_ref,
        advocate,
        coalesce(second_advocate, '') as second_advocate,
        sku,
        unit,
        tax_basis,
        -quantity_e4 as quantity_e4,
        -amount_e4 as amount_e4,
        amount_e4 = 0 as is_free,
        false as is_alone,
        document_date as event_on
    from {{ ref('batch_corrections') }}
    where quantity_e4 >= 0 and not was_void

    union all

    select
        takebacks.file_no,
        takebacks.line_no,
        sold.partner_no,
        sold.document,
        sold.document_date,
        sold.line_ref,
        sold.advocate,
        coalesce(sold.second_advocate, '') as second_advocate,
        sold.sku,
        coalesce(sold.unit, '') as unit,
        coalesce(sold.tax_basis, 'net') as tax_basis,
        -takebacks.quantity_e4 as quantity_e4,
        -takebacks.amount_e4 as amount_e4,
        sold.amount_e4 = 0 as is_free,
        false as is_alone,
        takebacks.event_on
    from (
        select
            file_no,
            line_no,
            of_file_no,
            of_line_no,
            quantity_e4,
            amount_e4,
            returned_on as event_on
        from {{ ref('matched_returns') }}

        union all

        select
            changes.by_file_no as file_no,
            changes.by_line_no as line_no,
            changes.of_file_no,
            changes.of_line_no,
            changes.quantity_e4,
            changes.amount_e4,
            corrections.document_date as event_on
        from {{ ref('corrected_takebacks') }} as changes
        inner join {{ ref('batch_corrections') }} as corrections
            on changes.by_file_no = corrections.file_no
            and changes.by_line_no = corrections.line_no
        where changes.change = 'undone'
    ) as takebacks
    inner join {{ source('raw', 'sales') }} as sold
        on takebacks.of_file_no = sold.file_no
        and takebacks.of_line_no = sold.line_no

),

claims as (

    select
        effects.*,
        case when effects.second_advocate = '' then 0 else 1 end as share_no,
        case when effects.second_advocate = '' then '' else effects.advocate end
            as first_advocate,
        effects.advocate as earner
    from effects

    union all

    select
        effects.*,
        2 as share_no,
        effects.advocate as first_advocate,
        effects.second_advocate as earner
    from effects
    where effects.second_advocate <> ''

)

select
    claims.file_no,
    claims.line_no,
    case when stg_programme.rounding = 'month' then 0 else claims.partner_no end as partner_no,
    case stg_programme.rounding
        when 'line' then concat(claims.document, '#', claims.line_ref)
        when 'month' then substr(cast(claims.document_date as {{ dbt.type_string() }}), 1, 7)
        else claims.document
    end as document,
    case
        when stg_programme.rounding = 'month' then {{ month_end('claims.document_date') }}
        else claims.document_date
    end as earned_on,
    claims.document_date,
    claims.earner as advocate,
    claims.first_advocate,
    claims.second_advocate,
    claims.share_no,
    claims.sku,
    claims.unit,
    claims.tax_basis,
    claims.quantity_e4,
    claims.amount_e4,
    claims.is_free,
    claims.is_alone,
    claims.event_on
from claims
cross join {{ ref('stg_programme') }} as stg_programme
