-- What an advocate gets next pays off what is owed, before it can be spent (S10).
--
--   leg 1   debit   Liabilities:Points:Pending:<a>    the lot that pays: fresh, or due now
--   leg 2   debit   Liabilities:Points:Available:<a>  the lot that pays: given back, or by hand
--           credit  Assets:Points:Arrears:<a>         less is owed
--
-- One transfer for each lot that pays; those of one advocate belong together.

{{ config(materialized='ephemeral') }}

select
    'repay_arrears' as rule,
    cast(1 as smallint) as leg,
    cast(repayments.advocate_no as bigint) as group_no,
    cast(repayments.advocate_no as integer) as advocate_no,
    cast(repayments.advocate_no as integer) as credit_advocate_no,
    cast(null as integer) as partner_no,
    cast(null as {{ dbt.type_string() }}) as currency,
    cast(repayments.amount as bigint) as amount,
    stg_batch.as_of as event_on,
    stg_batch.as_of as effective_on,
    cast(repayments.lot_no as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('repayments') }} as repayments
cross join {{ ref('stg_batch') }} as stg_batch

union all

select
    'repay_arrears' as rule,
    cast(2 as smallint) as leg,
    cast(repayments.advocate_no as bigint) as group_no,
    cast(repayments.advocate_no as integer) as advocate_no,
    cast(repayments.advocate_no as integer) as credit_advocate_no,
    cast(null as integer) as partner_no,
    cast(null as {{ dbt.type_string() }}) as currency,
    cast(repayments.amount as bigint) as amount,
    stg_batch.as_of as event_on,
    stg_batch.as_of as effective_on,
    cast(repayments.lot_no as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('late_repayments') }} as repayments
cross join {{ ref('stg_batch') }} as stg_batch
