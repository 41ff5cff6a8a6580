-- A merchant is paid for used vouchers.
--
--   leg 1   debit   Liabilities:Payable:<m>     what is paid
--           credit  Assets:Cash
--   leg 2   debit   Liabilities:Payable:<m>     what the merchant grants as a discount
--           credit  Income:Vouchers:Discount
--
-- Both legs are one transaction.

{{ config(materialized='ephemeral') }}

select
    'settle' as rule,
    cast(1 as smallint) as leg,
    cast(payments.group_no as bigint) as group_no,
    cast(null as integer) as advocate_no,
    cast(null as integer) as credit_advocate_no,
    cast(payments.partner_no as integer) as partner_no,
    cast(payments.currency as {{ dbt.type_string() }}) as currency,
    cast(payments.amount_minor as bigint) as amount,
    payments.paid_on as event_on,
    stg_batch.as_of as effective_on,
    cast(null as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('batch_payments') }} as payments
cross join {{ ref('stg_batch') }} as stg_batch
where payments.code is null

union all

select
    'settle' as rule,
    cast(2 as smallint) as leg,
    cast(payments.group_no as bigint) as group_no,
    cast(null as integer) as advocate_no,
    cast(null as integer) as credit_advocate_no,
    cast(payments.partner_no as integer) as partner_no,
    cast(payments.currency as {{ dbt.type_string() }}) as currency,
    cast(payments.discount_minor as bigint) as amount,
    payments.paid_on as event_on,
    stg_batch.as_of as effective_on,
    cast(null as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('batch_payments') }} as payments
cross join {{ ref('stg_batch') }} as stg_batch
where payments.code is null and payments.discount_minor > 0
