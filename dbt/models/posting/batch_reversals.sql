-- Batches that are to be taken back as a whole: opening balances and merges; or why one cannot.

with

asked as (

    select
        reversals.file_no,
        reversals.line_no,
        reversals.batch_no,
        batches.kind,
        row_number() over (
            partition by reversals.batch_no order by reversals.file_no, reversals.line_no
        ) as nth
    from {{ source('raw', 'reversals') }} as reversals
    inner join {{ source('raw', 'batch_files') }} as batch_files
        on reversals.file_no = batch_files.file_no
    left join {{ ref('batches') }} as batches on reversals.batch_no = batches.batch_no

),

originals as (

    select
        transfers.transfer_no,
        transfers.batch_no,
        transfers.lot_no,
        transfers.debit_account,
        transfers.credit_account
    from {{ ref('transfers') }} as transfers
    inner join asked on transfers.batch_no = asked.batch_no

),

owing as (

    select
        batch_no,
        debit_account as account_no
    from originals
    where debit_account > 8000 and debit_account % 8 = 4
    union
    select
        batch_no,
        credit_account as account_no
    from originals
    where credit_account > 8000 and credit_account % 8 = 4

),

moved_since as (

    select originals.batch_no
    from originals
    inner join {{ ref('transfers') }} as later
        on originals.lot_no = later.lot_no
        and originals.batch_no < later.batch_no
    union
    select owing.batch_no
    from owing
    inner join {{ ref('transfers') }} as later
        on owing.account_no = later.debit_account
        and owing.batch_no < later.batch_no
    union
    select owing.batch_no
    from owing
    inner join {{ ref('transfers') }} as later
        on owing.account_no = later.credit_account
        and owing.batch_no < later.batch_no
    union
    select merges.batch_no  -- What was earned since under a name that was merged.
    from {{ ref('merges') }} as merges
    inner join asked on merges.batch_no = asked.batch_no
    inner join {{ ref('lots') }} as lots on merges.advocate_no = lots.earner_no
    inner join {{ ref('transfers') }} as later
        on lots.lot_no = later.lot_no
        and merges.batch_no < later.batch_no

),

taken_back as (

    select distinct originals.batch_no
    from originals
    inner join {{ ref('transfers') }} as later
        on originals.transfer_no = later.reverses_transfer_no
        and later.rule = 'reverse'
    union
    select reversals.batch_no  -- Of a batch that had moved nothing, no transfer tells it.
    from {{ source('raw', 'reversals') }} as reversals
    inner join {{ ref('files') }} as files on reversals.file_no = files.file_no
    left join {{ ref('declined') }} as declined
        on reversals.file_no = declined.file_no
        and reversals.line_no = declined.line_no
    where declined.code is null

)

select
    asked.file_no,
    asked.line_no,
    asked.batch_no,
    case
        when asked.kind is null or asked.kind not in ('opening_balances', 'merges')
            then 'E_BATCH_UNKNOWN'
        when asked.nth > 1 or taken_back.batch_no is not null then 'E_REVERSAL_TWICE'
        when moved_since.batch_no is not null then 'E_REVERSAL_SPENT'
    end as code
from asked
left join moved_since on asked.batch_no = moved_since.batch_no
left join taken_back on asked.batch_no = taken_back.batch_no
