-- The last day of use is over: what is left in the lot expires (S7).
--
--   leg 1   debit   Liabilities:Points:Available:<a>  the lot
--           credit  Income:Points:Expired
--   leg 2           the same, for points that `renew` gives a new lot (S9)
--
-- One transfer for each lot. It counts from the day after the last day of use; for points that
-- came into the lot later, from the day of the batch that put them there, so that no lot is ever
-- negative on a day that is past.

{{ config(materialized='ephemeral') }}

with

restored as (  -- By the batch itself, or only now come to be available in it.

    select taken_lot_no as lot_no from {{ ref('restored_lots') }}
    union
    select lot_no from {{ ref('lots_after_maturity') }} where uncap > 0
    union
    select lot_no from {{ ref('hand_lots') }}

),

standing as (  -- What was in a lot after the last batch came into it by that batch's day.

    select
        lots.lot_no,
        last.as_of
    from {{ ref('lots') }} as lots
    cross join (select max(batches.as_of) as as_of from {{ ref('batches') }} as batches) as last
    where
        lots.available > 0
        and lots.lot_no in (select expired.lot_no from {{ ref('expired_lots') }} as expired)

)

select
    'expire' as rule,
    cast(1 as smallint) as leg,
    cast(expired.lot_no as bigint) as group_no,
    cast(expired.advocate_no as integer) as advocate_no,
    cast(expired.advocate_no as integer) as credit_advocate_no,
    cast(null as integer) as partner_no,
    cast(null as {{ dbt.type_string() }}) as currency,
    cast(expired.amount as bigint) as amount,
    {{ days_after('expired.expires_on', '1') }} as event_on,
    case
        when restored.lot_no is not null then stg_batch.as_of
        else greatest(
            {{ days_after('expired.expires_on', '1') }},
            coalesce(standing.as_of, date '0001-01-01')
        )
    end as effective_on,
    cast(expired.lot_no as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('expired_lots') }} as expired
cross join {{ ref('stg_batch') }} as stg_batch
left join restored on expired.lot_no = restored.lot_no
left join standing on expired.lot_no = standing.lot_no

union all

select
    'expire' as rule,
    cast(2 as smallint) as leg,
    cast(restored.taken_lot_no as bigint) as group_no,
    cast(restored.advocate_no as integer) as advocate_no,
    cast(restored.advocate_no as integer) as credit_advocate_no,
    cast(null as integer) as partner_no,
    cast(null as {{ dbt.type_string() }}) as currency,
    cast(restored.amount as bigint) as amount,
    {{ days_after('lots.expires_on', '1') }} as event_on,
    stg_batch.as_of as effective_on,
    cast(restored.taken_lot_no as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('restored_lots') }} as restored
inner join {{ ref('lots') }} as lots on restored.taken_lot_no = lots.lot_no
cross join {{ ref('stg_batch') }} as stg_batch
where restored.is_renewed
