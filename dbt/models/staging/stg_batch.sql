-- The batch that is being posted: one row. There is no clock in any model; this is the day.

select
    batch_no,
    as_of,
    coalesce(kind, 'day') as kind,
    coalesce(open_from, date '0001-01-01') as open_from,
    manifest_sha256,
    rulepack_sha256
from {{ source('raw', 'batch') }}
