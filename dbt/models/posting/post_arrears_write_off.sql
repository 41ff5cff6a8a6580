-- Arrears that have rested too long are given up (S10).
--
--   debit   Expenses:Points:ClawbackLoss
--   credit  Assets:Points:Arrears:<a>
--
-- One transfer for each advocate.

{{ config(materialized='ephemeral') }}

select
    'arrears_write_off' as rule,
    cast(1 as smallint) as leg,
    cast(write_offs.advocate_no as bigint) as group_no,
    cast(write_offs.advocate_no as integer) as advocate_no,
    cast(write_offs.advocate_no as integer) as credit_advocate_no,
    cast(null as integer) as partner_no,
    cast(null as {{ dbt.type_string() }}) as currency,
    cast(write_offs.amount as bigint) as amount,
    stg_batch.as_of as event_on,
    stg_batch.as_of as effective_on,
    cast(null as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('write_offs') }} as write_offs
cross join {{ ref('stg_batch') }} as stg_batch
