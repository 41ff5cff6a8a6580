-- A voucher is taken back: its points are available again, and nothing is owed for it (S9).
--
--   leg 1   debit   Equity:Conversion:PTS
--           credit  Liabilities:Points:Available:<a>        the lots of the request, in reverse order
--   leg 2   debit   Liabilities:Vouchers:Outstanding:<m>    as much of the face
--           credit  Equity:Conversion:<currency>
--
-- Both legs are one transaction.

{{ config(materialized='ephemeral') }}

select
    'cancel' as rule,
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
where restored.is_issued

union all

select
    'cancel' as rule,
    cast(2 as smallint) as leg,
    cast(cancellations.group_no as bigint) as group_no,
    cast(cancellations.advocate_no as integer) as advocate_no,
    cast(cancellations.advocate_no as integer) as credit_advocate_no,
    cast(cancellations.partner_no as integer) as partner_no,
    cast(cancellations.currency as {{ dbt.type_string() }}) as currency,
    cast(cancellations.face_minor as bigint) as amount,
    cancellations.cancelled_on as event_on,
    stg_batch.as_of as effective_on,
    cast(null as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('batch_cancellations') }} as cancellations
cross join {{ ref('stg_batch') }} as stg_batch
where cancellations.is_issued and cancellations.face_minor > 0
