-- A request holds the price of its reward, from named lots (S8, S17).
--
--   debit   Liabilities:Points:Available:<a>  each lot, soonest expiry first
--   credit  Liabilities:Points:Held:<a>       the same lots
--
-- One transfer for each request and lot; those of one request belong together.

{{ config(materialized='ephemeral') }}

select
    'request' as rule,
    cast(1 as smallint) as leg,
    cast(requests.request_no as bigint) as group_no,
    cast(requests.advocate_no as integer) as advocate_no,
    cast(requests.advocate_no as integer) as credit_advocate_no,
    cast(null as integer) as partner_no,
    cast(null as {{ dbt.type_string() }}) as currency,
    cast(request_lots.amount as bigint) as amount,
    requests.requested_on as event_on,
    stg_batch.as_of as effective_on,
    cast(request_lots.lot_no as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('request_lots') }} as request_lots
inner join {{ ref('batch_requests') }} as requests on request_lots.request_no = requests.request_no
cross join {{ ref('stg_batch') }} as stg_batch
