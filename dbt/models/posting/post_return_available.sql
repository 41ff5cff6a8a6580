-- A return takes back points that are available: its own lot first, then the advocate's other
-- lots, soonest expiry first (S10).
--
--   debit   Liabilities:Points:Available:<a>  the lot that gives
--   credit  Expenses:Points:Issued:Base       as if they had not been granted
--
-- One transfer for each subject and lot. It counts from the day of the batch, so that no lot
-- is ever negative on a day that is past.

{{ config(materialized='ephemeral') }}

with

takes as (

    select
        subject_no,
        subject_no as lot_no,
        from_available as amount
    from {{ ref('sale_moves') }}
    where from_available > 0

    union all

    select
        subject_no,
        lot_no,
        amount
    from {{ ref('clawbacks') }}

)

select
    'return_available' as rule,
    cast(1 as smallint) as leg,
    cast(moves.subject_no as bigint) as group_no,
    cast(moves.advocate_no as integer) as advocate_no,
    cast(moves.advocate_no as integer) as credit_advocate_no,
    cast(null as integer) as partner_no,
    cast(null as {{ dbt.type_string() }}) as currency,
    cast(takes.amount as bigint) as amount,
    moves.event_on as event_on,
    stg_batch.as_of as effective_on,
    cast(takes.lot_no as bigint) as lot_no,
    cast(moves.subject_no as bigint) as subject_no,
    cast(moves.campaign_no as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from takes
inner join {{ ref('sale_moves') }} as moves on takes.subject_no = moves.subject_no
cross join {{ ref('stg_batch') }} as stg_batch
