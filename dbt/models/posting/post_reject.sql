-- A request that was not issued is taken back: its points are available again (S9).
--
--   debit   Liabilities:Points:Held:<a>       the lots that were held
--   credit  Liabilities:Points:Available:<a>  the same lots, in reverse order
--
-- One transfer for each cancellation and lot.

{{ config(materialized='ephemeral') }}

select
    'reject' as rule,
    cast(1 as smallint) as leg,
    cast(restored.group_no as bigint) as group_no,
    cast(restored.advocate_no as integer) as advocate_no,
    cast(restored.advocate_no as integer) as credit_advocate_no,
    cast(null as integer) as partner_no,
    cast(null as {{ dbt.type_string() }}) as currency,
    cast(restored.amount as bigint) as amount,
    restored.cancelled_on as event_on,
    stg_batch.as_of as effective_on,
    cast(restored.taken_lot_no as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(restored.request_transfer_no as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('restored_lots') }} as restored
cross join {{ ref('stg_batch') }} as stg_batch
where not restored.is_issued
