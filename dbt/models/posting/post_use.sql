-- A merchant has claimed a voucher: its face is payable.
--
--   debit   Liabilities:Vouchers:Outstanding:<m>    the voucher's face
--   credit  Liabilities:Payable:<m>

{{ config(materialized='ephemeral') }}

select
    'use' as rule,
    cast(1 as smallint) as leg,
    cast(claims.request_no as bigint) as group_no,
    cast(null as integer) as advocate_no,
    cast(null as integer) as credit_advocate_no,
    cast(claims.partner_no as integer) as partner_no,
    cast(claims.currency as {{ dbt.type_string() }}) as currency,
    cast(claims.face_minor as bigint) as amount,
    claims.used_on as event_on,
    stg_batch.as_of as effective_on,
    cast(null as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('batch_claims') }} as claims
cross join {{ ref('stg_batch') }} as stg_batch
where claims.code is null
