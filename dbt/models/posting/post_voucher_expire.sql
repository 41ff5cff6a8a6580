-- A voucher can be claimed no more: nothing is owed for it.
--
--   debit   Liabilities:Vouchers:Outstanding:<m>    what is left of its face
--   credit  Income:Vouchers:Breakage

{{ config(materialized='ephemeral') }}

select
    'voucher_expire' as rule,
    cast(1 as smallint) as leg,
    cast(expired.request_no as bigint) as group_no,
    cast(null as integer) as advocate_no,
    cast(null as integer) as credit_advocate_no,
    cast(expired.partner_no as integer) as partner_no,
    cast(expired.currency as {{ dbt.type_string() }}) as currency,
    cast(expired.face_minor as bigint) as amount,
    expired.expired_on as event_on,
    stg_batch.as_of as effective_on,
    cast(null as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('expired_vouchers') }} as expired
cross join {{ ref('stg_batch') }} as stg_batch
