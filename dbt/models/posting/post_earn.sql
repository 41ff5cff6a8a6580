-- A sale earns its advocate points, which wait until the return period is over.
--
--   debit   Expenses:Points:Issued:Base       what the programme has granted
--   credit  Liabilities:Points:Pending:<a>    what the advocate will have
--
-- One transfer for each subject whose target rose.

{{ config(materialized='ephemeral') }}

select
    'earn' as rule,
    cast(1 as smallint) as leg,
    cast(moves.subject_no as bigint) as group_no,
    cast(moves.advocate_no as integer) as advocate_no,
    cast(moves.advocate_no as integer) as credit_advocate_no,
    cast(null as integer) as partner_no,
    cast(null as {{ dbt.type_string() }}) as currency,
    cast(moves.earned as bigint) as amount,
    moves.earned_on as event_on,
    least(moves.earned_on, stg_batch.as_of) as effective_on,
    cast(moves.subject_no as bigint) as lot_no,
    cast(moves.subject_no as bigint) as subject_no,
    cast(moves.campaign_no as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('sale_moves') }} as moves
cross join {{ ref('stg_batch') }} as stg_batch
where moves.earned > 0
