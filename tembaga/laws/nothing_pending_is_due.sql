-- Law 3: after the last batch of a day nothing is pending longer than the pending period (S6).
-- Looks at: ledger.lots

select
    lots.lot_no,
    lots.advocate_no,
    lots.pending,
    lots.matures_on
from ledger.lots as lots
cross join (
    select
        max(batch_no) as batch_no,
        max(as_of) as as_of
    from ledger.batches
    where kind = 'day'
) as last_day
where
    lots.pending > 0
    and lots.matures_on <= last_day.as_of
    and not exists (
        select 1
        from ledger.transfers as later
        where later.batch_no > last_day.batch_no and later.lot_no = lots.lot_no
    )
