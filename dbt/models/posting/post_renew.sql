-- Points that a merchant's fault gives back after their expiry live on in a new lot (S9).
--
--   debit   Income:Points:Expired
--   credit  Liabilities:Points:Available:<a>  a new lot, for the days of grace
--
-- One transfer for each lot that was taken. The old lot expires them in the same batch.

{{ config(materialized='ephemeral') }}

select
    'renew' as rule,
    cast(1 as smallint) as leg,
    cast(lots.lot_no as bigint) as group_no,
    cast(lots.advocate_no as integer) as advocate_no,
    cast(lots.advocate_no as integer) as credit_advocate_no,
    cast(null as integer) as partner_no,
    cast(null as {{ dbt.type_string() }}) as currency,
    cast(lots.amount as bigint) as amount,
    restored.cancelled_on as event_on,
    stg_batch.as_of as effective_on,
    cast(lots.lot_no as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('hand_lots') }} as lots
inner join {{ ref('restored_lots') }} as restored
    on lots.request_transfer_no = restored.request_transfer_no
    and lots.file_no = restored.file_no
    and lots.line_no = restored.line_no
cross join {{ ref('stg_batch') }} as stg_batch
