-- Returns eat what a private cap had clipped before they eat what was granted (S4).
--
--   debit   Income:Points:CapOverflow
--   credit  Liabilities:Points:Pending:<a>    the lot from which it was clipped
--
-- One transfer for each lot that gets something back.

{{ config(materialized='ephemeral') }}

select
    'uncap' as rule,
    cast(1 as smallint) as leg,
    cast(moves.subject_no as bigint) as group_no,
    cast(moves.advocate_no as integer) as advocate_no,
    cast(moves.advocate_no as integer) as credit_advocate_no,
    cast(null as integer) as partner_no,
    cast(null as {{ dbt.type_string() }}) as currency,
    cast(moves.uncap as bigint) as amount,
    moves.event_on as event_on,
    stg_batch.as_of as effective_on,
    cast(moves.subject_no as bigint) as lot_no,
    cast(moves.subject_no as bigint) as subject_no,
    cast(moves.campaign_no as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('sale_moves') }} as moves
cross join {{ ref('stg_batch') }} as stg_batch
where moves.uncap > 0
