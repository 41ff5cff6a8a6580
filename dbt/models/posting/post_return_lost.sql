-- A return of points that nobody is asked for: the programme bears them (S10).
--
--   debit   Expenses:Points:ClawbackLoss
--   credit  Expenses:Points:Issued:Base       as if they had not been granted
--
-- One transfer for each subject whose points are neither had nor owed, by the programme's rule.

{{ config(materialized='ephemeral') }}

select
    'return_lost' as rule,
    cast(1 as smallint) as leg,
    cast(moves.subject_no as bigint) as group_no,
    cast(moves.advocate_no as integer) as advocate_no,
    cast(moves.advocate_no as integer) as credit_advocate_no,
    cast(null as integer) as partner_no,
    cast(null as {{ dbt.type_string() }}) as currency,
    cast(new_arrears.lost as bigint) as amount,
    moves.event_on as event_on,
    stg_batch.as_of as effective_on,
    cast(null as bigint) as lot_no,
    cast(moves.subject_no as bigint) as subject_no,
    cast(moves.campaign_no as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('new_arrears') }} as new_arrears
inner join {{ ref('sale_moves') }} as moves on new_arrears.subject_no = moves.subject_no
cross join {{ ref('stg_batch') }} as stg_batch
where new_arrears.lost > 0
