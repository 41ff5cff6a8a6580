-- Law 2: the ledger has as many transfers as its batches say.

select
    found.n_transfers as found,
    said.n_transfers as said
from (select count(*) as n_transfers from {{ ref('transfers') }}) as found
cross join (
    select coalesce(sum(n_transfers), 0) as n_transfers from {{ ref('batches') }}
) as said
where found.n_transfers <> said.n_transfers
