-- The lots as they stand.

select lot_no, advocate, pending, available, held, matures_on, expires_on
from marts.rpt_lots order by lot_no
