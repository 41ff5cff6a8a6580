-- Law 3: after a day's batch no touched lot has available points past its last day of use (S7).

select
    lots.lot_no,
    lots.advocate_no,
    lots.available,
    lots.expires_on
from {{ ref('proposed_lots') }} as lots
cross join {{ ref('stg_batch') }} as stg_batch
cross join {{ ref('stg_programme') }} as stg_programme
where
    lots.available > 0
    and stg_batch.kind = 'day'
    and {{ days_after('lots.expires_on', 'stg_programme.expiry_lag_days') }} < stg_batch.as_of
