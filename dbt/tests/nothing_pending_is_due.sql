-- Law 3: nothing is pending longer than the pending period (S6).

select
    lots.lot_no,
    lots.advocate_no,
    lots.pending,
    lots.matures_on
from {{ ref('proposed_lots') }} as lots
cross join {{ ref('stg_batch') }} as stg_batch
where
    lots.pending > 0
    and stg_batch.kind = 'day'
    and lots.matures_on <= stg_batch.as_of
