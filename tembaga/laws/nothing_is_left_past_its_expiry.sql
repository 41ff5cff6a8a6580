-- Law 3: after the last batch of a day no lot has available points past its last day of use (S7).
-- Looks at: ledger.lots

select
    lots.lot_no,
    lots.advocate_no,
    lots.available,
    lots.expires_on
from ledger.lots as lots
cross join (
    select
        max(batch_no) as batch_no,
        max(as_of) as as_of
    from ledger.batches
    where kind = 'day'
) as last_day
cross join (
    select coalesce(max(expiry_lag_days), 0) as days from raw.programme
) as lag_of_expiry
where
    lots.available > 0
    and lots.expires_on + cast(lag_of_expiry.days as integer) < last_day.as_of
    and not exists (
        select 1
        from ledger.transfers as later
        where later.batch_no > last_day.batch_no and later.lot_no = lots.lot_no
    )
