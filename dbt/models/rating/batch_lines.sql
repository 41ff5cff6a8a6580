-- Each effect of a line with the numbers of its document and advocate, and its exact weight.
-- A weight is a whole number of 1/divisor points: nothing is rounded here (S1).
-- The version is the one in force on the day of the sale, and stays the one that a subject was
-- first rated by (S12). That its rates stay too is a law of the books.

with

all_advocates as (

    select advocate_no, advocate from {{ ref('advocates') }}
    union all
    select advocate_no, advocate from {{ ref('batch_advocates') }}

),

all_documents as (

    select
        document_no, partner_no, document, document_date, first_advocate, second_advocate
    from {{ ref('documents') }}
    union all
    select
        document_no, partner_no, document, document_date, first_advocate, second_advocate
    from {{ ref('batch_documents') }}

),

-- A join by five columns is taken for one row, and all advocates would be looked through for each.
of_advocates as {{ by_itself() }} (

    select
        effects.*,
        all_advocates.advocate_no as earner_no
    from {{ ref('batch_effects') }} as effects
    inner join all_advocates on effects.advocate = all_advocates.advocate

),

numbered as (

    select
        effects.file_no,
        effects.line_no,
        effects.sku,
        effects.unit,
        effects.tax_basis,
        effects.quantity_e4,
        effects.amount_e4,
        effects.is_free,
        effects.is_alone,
        effects.share_no,
        effects.document_date,
        effects.event_on,
        effects.earned_on,
        effects.earner_no,
        all_documents.document_no
    from of_advocates as effects
    inner join all_documents
        on effects.document = all_documents.document
        and effects.partner_no = all_documents.partner_no
        and effects.earned_on = all_documents.document_date
        and effects.first_advocate = all_documents.first_advocate
        and effects.second_advocate = all_documents.second_advocate

),

versioned as (

    select
        numbered.*,
        coalesce(taxes.tax_no, 0) as tax_no,
        coalesce(lots.campaign_no, versions.campaign_no) as campaign_no,
        coalesce(lots.version_no, versions.version_no) as version_no
    from numbered
    left join {{ ref('lots') }} as lots
        on numbered.document_no = lots.document_no
        and numbered.earner_no = lots.earner_no
    left join {{ source('raw', 'versions') }} as versions
        on numbered.earned_on between versions.from_on and versions.until_on
    left join {{ source('raw', 'taxes') }} as taxes
        on numbered.document_date between taxes.from_on and taxes.until_on

)

select
    versioned.file_no,
    versioned.line_no,
    versioned.is_alone,
    versioned.share_no,
    versioned.sku,
    versioned.unit,
    versioned.tax_basis,
    versioned.tax_no,
    versioned.document_no,
    versioned.earner_no,
    versioned.event_on,
    versioned.earned_on,
    versioned.campaign_no,
    versioned.version_no,
    versions.divisor,
    case
        when versioned.is_free and not coalesce(batch_rates.include_free_goods, false) then 0
        when batch_rates.measure = 'amount'
            then {{ wide('versioned.amount_e4') }} * batch_rates.multiplier
        when batch_rates.measure = 'quantity'
            then {{ wide('versioned.quantity_e4') }} * batch_rates.multiplier
        else 0
    end as weight,
    case
        when versioned.version_no is null then 'NO_RULE'
        when versioned.is_free and not coalesce(batch_rates.include_free_goods, false)
            then 'FREE'
        when batch_rates.multiplier is null then 'NO_RATE'
    end as reason
from versioned
left join {{ source('raw', 'versions') }} as versions
    on versioned.campaign_no = versions.campaign_no
    and versioned.version_no = versions.version_no
left join {{ ref('batch_rates') }} as batch_rates
    on versioned.sku = batch_rates.sku
    and versioned.unit = batch_rates.unit
    and versioned.tax_basis = batch_rates.tax_basis
    and versioned.tax_no = batch_rates.tax_no
    and versioned.campaign_no = batch_rates.campaign_no
    and versioned.version_no = batch_rates.version_no
