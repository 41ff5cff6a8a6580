-- Documents that the ledger does not know yet, with the numbers they will have.

with

known as (

    select * from {{ ref('documents') }}

),

arrived as (

    select distinct
        partner_no,
        document,
        earned_on as document_date,
        first_advocate,
        second_advocate
    from {{ ref('batch_effects') }}

),

unknown as (

    select arrived.*
    from arrived
    left join known
        on arrived.document = known.document
        and arrived.partner_no = known.partner_no
        and arrived.document_date = known.document_date
        and arrived.first_advocate = known.first_advocate
        and arrived.second_advocate = known.second_advocate
    where known.document_no is null

),

last_number as (

    select coalesce(max(document_no), 0) as document_no from known

)

select
    (select document_no from last_number)
    + row_number() over (
        order by
            unknown.document_date, unknown.partner_no, {{ binary_order('unknown.document') }},
            {{ binary_order('unknown.first_advocate') }},
            {{ binary_order('unknown.second_advocate') }}
    ) as document_no,
    unknown.partner_no,
    unknown.document,
    unknown.document_date,
    unknown.first_advocate,
    unknown.second_advocate
from unknown
