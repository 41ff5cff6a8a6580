-- The return period is over: pending points become available (S6).
--
--   debit   Liabilities:Points:Pending:<a>    the lot
--   credit  Liabilities:Points:Available:<a>  the same lot, whose expiry is fixed now (S7)
--
-- One transfer for each lot that is due and still has pending points.

{{ config(materialized='ephemeral') }}

select
    'mature' as rule,
    cast(1 as smallint) as leg,
    cast(lots.lot_no as bigint) as group_no,
    cast(lots.advocate_no as integer) as advocate_no,
    cast(lots.advocate_no as integer) as credit_advocate_no,
    cast(null as integer) as partner_no,
    cast(null as {{ dbt.type_string() }}) as currency,
    cast(lots.matured as bigint) as amount,
    lots.matures_on as event_on,
    case when lots.uncap > 0 then stg_batch.as_of else lots.matures_on end as effective_on,
    cast(lots.lot_no as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('lots_after_maturity') }} as lots
cross join {{ ref('stg_batch') }} as stg_batch
where lots.matured > 0
