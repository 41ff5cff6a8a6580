-- Two cards of one advocate become one: every lot goes over as it is, and what is owed (S23).
--
--   leg 1   debit   Liabilities:Points:Pending:<a>    of the one who is merged, each lot
--           credit  Liabilities:Points:Pending:<a>    of the one who remains, the same lot
--   leg 2, 3        the same for Available and Held
--   leg 4   debit   Assets:Points:Arrears:<a>         of the one who remains
--           credit  Assets:Points:Arrears:<a>         of the one who is merged
--
-- The transfers of one merge belong together.

{{ config(materialized='ephemeral') }}

select
    'merge' as rule,
    cast(1 as smallint) as leg,
    cast(batch_merges.advocate_no as bigint) as group_no,
    cast(batch_merges.advocate_no as integer) as advocate_no,
    cast(batch_merges.into_advocate_no as integer) as credit_advocate_no,
    cast(null as integer) as partner_no,
    cast(null as {{ dbt.type_string() }}) as currency,
    cast(lots.pending as bigint) as amount,
    stg_batch.as_of as event_on,
    stg_batch.as_of as effective_on,
    cast(lots.lot_no as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('batch_merges') }} as batch_merges
inner join {{ ref('lots') }} as lots on batch_merges.advocate_no = lots.advocate_no
cross join {{ ref('stg_batch') }} as stg_batch
where batch_merges.code is null and lots.pending > 0

union all

select
    'merge' as rule,
    cast(2 as smallint) as leg,
    cast(batch_merges.advocate_no as bigint) as group_no,
    cast(batch_merges.advocate_no as integer) as advocate_no,
    cast(batch_merges.into_advocate_no as integer) as credit_advocate_no,
    cast(null as integer) as partner_no,
    cast(null as {{ dbt.type_string() }}) as currency,
    cast(lots.available as bigint) as amount,
    stg_batch.as_of as event_on,
    stg_batch.as_of as effective_on,
    cast(lots.lot_no as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('batch_merges') }} as batch_merges
inner join {{ ref('lots') }} as lots on batch_merges.advocate_no = lots.advocate_no
cross join {{ ref('stg_batch') }} as stg_batch
where batch_merges.code is null and lots.available > 0

union all

select
    'merge' as rule,
    cast(3 as smallint) as leg,
    cast(batch_merges.advocate_no as bigint) as group_no,
    cast(batch_merges.advocate_no as integer) as advocate_no,
    cast(batch_merges.into_advocate_no as integer) as credit_advocate_no,
    cast(null as integer) as partner_no,
    cast(null as {{ dbt.type_string() }}) as currency,
    cast(lots.held as bigint) as amount,
    stg_batch.as_of as event_on,
    stg_batch.as_of as effective_on,
    cast(lots.lot_no as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('batch_merges') }} as batch_merges
inner join {{ ref('lots') }} as lots on batch_merges.advocate_no = lots.advocate_no
cross join {{ ref('stg_batch') }} as stg_batch
where batch_merges.code is null and lots.held > 0

union all

select
    'merge' as rule,
    cast(4 as smallint) as leg,
    cast(owed.advocate_no as bigint) as group_no,
    cast(owed.into_advocate_no as integer) as advocate_no,
    cast(owed.advocate_no as integer) as credit_advocate_no,
    cast(null as integer) as partner_no,
    cast(null as {{ dbt.type_string() }}) as currency,
    cast(owed.amount as bigint) as amount,
    stg_batch.as_of as event_on,
    stg_batch.as_of as effective_on,
    cast(null as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('merged_arrears') }} as owed
cross join {{ ref('stg_batch') }} as stg_batch
