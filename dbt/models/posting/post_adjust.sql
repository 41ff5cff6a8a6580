-- A correction by hand, with the approval of someone else.
--
--   leg 1   debit   Expenses:Points:Issued:Goodwill   points are given
--           credit  Liabilities:Points:Available:<a>  a lot of their own
--   leg 2   debit   Liabilities:Points:Available:<a>  points are taken, soonest expiry first
--           credit  Expenses:Points:Issued:Goodwill
--   leg 3   debit   Assets:Points:Arrears:<a>         what no lot has is owed
--           credit  Expenses:Points:Issued:Goodwill
--
-- The transfers of one approval belong together.

{{ config(materialized='ephemeral') }}

with

taken as (

    select
        approval_no,
        sum(amount) as amount
    from {{ ref('adjustment_lots') }}
    group by approval_no

)

select
    'adjust' as rule,
    cast(1 as smallint) as leg,
    cast(adjustments.approval_no as bigint) as group_no,
    cast(lots.advocate_no as integer) as advocate_no,
    cast(lots.advocate_no as integer) as credit_advocate_no,
    cast(null as integer) as partner_no,
    cast(null as {{ dbt.type_string() }}) as currency,
    cast(lots.amount as bigint) as amount,
    adjustments.adjusted_on as event_on,
    stg_batch.as_of as effective_on,
    cast(lots.lot_no as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(adjustments.approval_no as bigint) as approval_no
from {{ ref('hand_lots') }} as lots
inner join {{ ref('batch_adjustments') }} as adjustments on lots.approval_no = adjustments.approval_no
cross join {{ ref('stg_batch') }} as stg_batch
where lots.origin = 'adjustment'

union all

select
    'adjust' as rule,
    cast(2 as smallint) as leg,
    cast(adjustments.approval_no as bigint) as group_no,
    cast(taken.advocate_no as integer) as advocate_no,
    cast(taken.advocate_no as integer) as credit_advocate_no,
    cast(null as integer) as partner_no,
    cast(null as {{ dbt.type_string() }}) as currency,
    cast(taken.amount as bigint) as amount,
    adjustments.adjusted_on as event_on,
    stg_batch.as_of as effective_on,
    cast(taken.lot_no as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(adjustments.approval_no as bigint) as approval_no
from {{ ref('adjustment_lots') }} as taken
inner join {{ ref('batch_adjustments') }} as adjustments on taken.approval_no = adjustments.approval_no
cross join {{ ref('stg_batch') }} as stg_batch

union all

select
    'adjust' as rule,
    cast(3 as smallint) as leg,
    cast(adjustments.approval_no as bigint) as group_no,
    cast(adjustments.advocate_no as integer) as advocate_no,
    cast(adjustments.advocate_no as integer) as credit_advocate_no,
    cast(null as integer) as partner_no,
    cast(null as {{ dbt.type_string() }}) as currency,
    cast(-adjustments.points - coalesce(taken.amount, 0) as bigint) as amount,
    adjustments.adjusted_on as event_on,
    stg_batch.as_of as effective_on,
    cast(null as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(adjustments.approval_no as bigint) as approval_no
from {{ ref('batch_adjustments') }} as adjustments
cross join {{ ref('stg_batch') }} as stg_batch
left join taken on adjustments.approval_no = taken.approval_no
where
    adjustments.points < 0
    and -adjustments.points > coalesce(taken.amount, 0)
