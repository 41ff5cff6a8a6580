-- Which lots each request of the batch holds, soonest expiry first (S8), and how much of that
-- had expired before the request came in (S7).

select
    requests.request_no,
    requests.advocate_no,
    lots.lot_no,
    cast(sum(
        least(requests.high, lots.high) - greatest(requests.low, lots.low)
    ) as bigint) as amount,
    cast(sum(
        lots.is_expired * (least(requests.high, lots.high) - greatest(requests.low, lots.low))
    ) as bigint) as from_expired
from {{ ref('batch_requests') }} as requests
inner join {{ ref('redeemable_lots') }} as lots
    on requests.advocate_no = lots.advocate_no
    and requests.low < lots.high
    and lots.low < requests.high
group by requests.request_no, requests.advocate_no, lots.lot_no
