-- A request that was made in time came late: the expiry is taken back, as far as it needs (S7).
--
--   debit   Income:Points:Expired
--   credit  Liabilities:Points:Available:<a>  the lot that had expired
--
-- One transfer for each request and lot; the request then takes them.

{{ config(materialized='ephemeral') }}

with

expiries as (

    select
        lot_no,
        max(transfer_no) as transfer_no
    from {{ ref('transfers') }}
    where
        rule = 'expire'
        and lot_no in (
            select lots.lot_no from {{ ref('request_lots') }} as lots where lots.from_expired > 0
        )
    group by lot_no

)

select
    'unexpire' as rule,
    cast(1 as smallint) as leg,
    cast(requests.request_no as bigint) as group_no,
    cast(requests.advocate_no as integer) as advocate_no,
    cast(requests.advocate_no as integer) as credit_advocate_no,
    cast(null as integer) as partner_no,
    cast(null as {{ dbt.type_string() }}) as currency,
    cast(request_lots.from_expired as bigint) as amount,
    requests.requested_on as event_on,
    stg_batch.as_of as effective_on,
    cast(request_lots.lot_no as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(expiries.transfer_no as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('request_lots') }} as request_lots
inner join {{ ref('batch_requests') }} as requests on request_lots.request_no = requests.request_no
cross join {{ ref('stg_batch') }} as stg_batch
left join expiries on request_lots.lot_no = expiries.lot_no
where request_lots.from_expired > 0
