-- What an advocate earns next pays off what is owed, before it becomes available (S10).
--
--   debit   Liabilities:Points:Pending:<a>    the lot that pays
--   credit  Assets:Points:Arrears:<a>         less is owed
--
-- One transfer for each lot that pays; those of one advocate belong together.

select
    'repay_arrears' as rule,
    cast(1 as smallint) as leg,
    cast(repayments.advocate_no as bigint) as group_no,
    cast(repayments.advocate_no as integer) as advocate_no,
    cast(null as integer) as partner_no,
    cast(null as text) as currency,
    cast(repayments.amount as bigint) as amount,
    stg_batch.as_of as event_on,
    stg_batch.as_of as effective_on,
    cast(repayments.lot_no as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no
from {{ ref('repayments') }} as repayments
cross join {{ ref('stg_batch') }} as stg_batch
