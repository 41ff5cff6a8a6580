-- A sale earns its advocate points, which wait until the return period is over.
--
--   debit   Expenses:Points:Issued:Base       what the programme has granted
--   credit  Liabilities:Points:Pending:<a>    what the advocate will have
--
-- One transfer for each subject whose target rose.

select
    'earn' as rule,
    cast(1 as smallint) as leg,
    cast(sale_moves.subject_no as bigint) as group_no,
    cast(sale_moves.advocate_no as integer) as advocate_no,
    cast(null as integer) as partner_no,
    cast(null as text) as currency,
    cast(sale_moves.earned as bigint) as amount,
    sale_moves.earned_on as event_on,
    least(sale_moves.earned_on, stg_batch.as_of) as effective_on,
    cast(sale_moves.subject_no as bigint) as lot_no,
    cast(sale_moves.subject_no as bigint) as subject_no,
    cast(sale_moves.campaign_no as integer) as campaign_no
from {{ ref('sale_moves') }} as sale_moves
cross join {{ ref('stg_batch') }} as stg_batch
where sale_moves.earned > 0
