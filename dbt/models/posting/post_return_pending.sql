-- A return takes back points of its own sale that are still pending (S6).
--
--   debit   Liabilities:Points:Pending:<a>    the subject's own lot
--   credit  Expenses:Points:Issued:Base       as if they had not been granted
--
-- One transfer for each subject whose target fell while its points were pending.

{{ config(materialized='ephemeral') }}

select
    'return_pending' as rule,
    cast(1 as smallint) as leg,
    cast(moves.subject_no as bigint) as group_no,
    cast(moves.advocate_no as integer) as advocate_no,
    cast(moves.advocate_no as integer) as credit_advocate_no,
    cast(null as integer) as partner_no,
    cast(null as {{ dbt.type_string() }}) as currency,
    cast(moves.from_pending as bigint) as amount,
    moves.event_on as event_on,
    stg_batch.as_of as effective_on,
    cast(moves.subject_no as bigint) as lot_no,
    cast(moves.subject_no as bigint) as subject_no,
    cast(moves.campaign_no as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('sale_moves') }} as moves
cross join {{ ref('stg_batch') }} as stg_batch
where moves.from_pending > 0
