-- Each lot of an advocate after the last batch.

select
    advocates.advocate,
    lots.lot_no,
    lots.pending,
    lots.available,
    lots.held,
    lots.matures_on,
    lots.expires_on
from {{ ref('lots') }} as lots
inner join {{ ref('advocates') }} as advocates on lots.advocate_no = advocates.advocate_no
