-- What holds for the whole programme: one row.

select
    currency,
    pending_days,
    expiry_months,
    expiry_round_up,
    coalesce(expiry_lag_days, 0) as expiry_lag_days,
    coalesce(match_days, 90) as match_days,
    coalesce(rounding, 'document') as rounding,
    coalesce(clawback, 'arrears') as clawback,
    arrears_limit,
    coalesce(write_off_days, 180) as write_off_days,
    coalesce(grace_days, 30) as grace_days,
    coalesce(claim_grace_days, 30) as claim_grace_days,
    claim_grace_days is not null as books_breakage
from {{ source('raw', 'programme') }}
