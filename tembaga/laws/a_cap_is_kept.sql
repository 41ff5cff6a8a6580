-- Law 3: what the sales of a period are worth, less what was clipped, is never above the cap,
-- nothing is clipped below it, and the lots were clipped by as much (S4).
-- Looks at: ledger.counters

with

of_lots as (

    select
        lots.earner_no as advocate_no,
        lots.campaign_no,
        cast(date_trunc(caps.period, lots.earned_on) as date) as period_from,
        sum(lots.posted) as posted,
        sum(lots.clipped) as clipped
    from ledger.lots as lots
    inner join raw.caps as caps on lots.campaign_no = caps.campaign_no
    group by
        lots.earner_no, lots.campaign_no, cast(date_trunc(caps.period, lots.earned_on) as date)

)

select
    counters.advocate_no,
    counters.campaign_no,
    counters.period_from,
    counters.cap,
    counters.raw,
    of_lots.posted,
    counters.clipped,
    of_lots.clipped as clipped_of_lots
from ledger.counters as counters
left join of_lots
    on counters.advocate_no = of_lots.advocate_no
    and counters.campaign_no = of_lots.campaign_no
    and counters.period_from = of_lots.period_from
where
    counters.clipped <> greatest(counters.raw - counters.cap, 0)
    or (counters.campaign_no in (select caps.campaign_no from raw.caps as caps)
        and (counters.raw > coalesce(of_lots.posted, 0)
            or counters.clipped <> coalesce(of_lots.clipped, 0)))
