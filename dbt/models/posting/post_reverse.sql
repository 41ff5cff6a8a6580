-- A batch of opening balances or merges is taken back as a whole: the mirror of each transfer.
--
--   debit   the account that the original credited
--   credit  the account that the original debited
--
-- The transfers that belonged together do so here.

{{ config(materialized='ephemeral') }}

select
    'reverse' as rule,
    reversed.leg,
    cast(reversed.transaction_no as bigint) as group_no,
    cast(reversed.advocate_no as integer) as advocate_no,
    cast(reversed.credit_advocate_no as integer) as credit_advocate_no,
    cast(null as integer) as partner_no,
    cast(null as {{ dbt.type_string() }}) as currency,
    cast(reversed.amount as bigint) as amount,
    stg_batch.as_of as event_on,
    stg_batch.as_of as effective_on,
    cast(reversed.lot_no as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(reversed.reverses_transfer_no as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('reversed_transfers') }} as reversed
cross join {{ ref('stg_batch') }} as stg_batch
