-- What an advocate brings from before (the migration).
--
--   leg 1   debit   Equity:Opening:PTS
--           credit  Liabilities:Points:Available:<a>  a lot with its own dates
--   leg 2   debit   Assets:Points:Arrears:<a>         what was owed before
--           credit  Equity:Opening:PTS
--
-- One transfer for each line of the file.

{{ config(materialized='ephemeral') }}

select
    'opening' as rule,
    cast(1 as smallint) as leg,
    cast(lots.lot_no as bigint) as group_no,
    cast(lots.advocate_no as integer) as advocate_no,
    cast(lots.advocate_no as integer) as credit_advocate_no,
    cast(null as integer) as partner_no,
    cast(null as {{ dbt.type_string() }}) as currency,
    cast(lots.amount as bigint) as amount,
    lots.earned_on as event_on,
    stg_batch.as_of as effective_on,
    cast(lots.lot_no as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('hand_lots') }} as lots
cross join {{ ref('stg_batch') }} as stg_batch
where lots.origin = 'opening_balance'

union all

select
    'opening' as rule,
    cast(2 as smallint) as leg,
    cast(openings.advocate_no as bigint) as group_no,
    cast(openings.advocate_no as integer) as advocate_no,
    cast(openings.advocate_no as integer) as credit_advocate_no,
    cast(null as integer) as partner_no,
    cast(null as {{ dbt.type_string() }}) as currency,
    cast(-openings.points as bigint) as amount,
    openings.earned_on as event_on,
    stg_batch.as_of as effective_on,
    cast(null as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('batch_openings') }} as openings
cross join {{ ref('stg_batch') }} as stg_batch
where openings.points < 0
