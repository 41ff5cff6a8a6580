-- Every lot with available points after the batch's maturity, touched or not.

select
    lots.lot_no,
    lots.advocate_no,
    lots.earned_on,
    lots.expires_on,
    lots.available
from {{ ref('lots') }} as lots
where
    lots.available > 0
    and lots.lot_no not in (select touched.lot_no from {{ ref('lots_after_maturity') }} as touched)

union all

select
    lot_no,
    advocate_no,
    earned_on,
    expires_on,
    available
from {{ ref('lots_after_maturity') }}
where available > 0
