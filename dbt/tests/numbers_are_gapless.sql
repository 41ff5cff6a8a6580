-- Law 1: transfers are numbered without a gap or a repeat, on from the last batch.

select
    found.first_no,
    found.last_no,
    found.n_transfers,
    last.transfer_no as last_of_the_ledger
from (
    select
        min(transfer_no) as first_no,
        max(transfer_no) as last_no,
        count(distinct transfer_no) as n_numbers,
        count(*) as n_transfers
    from {{ ref('proposed_transfers') }}
) as found
cross join (
    select coalesce(max(transfer_no), 0) as transfer_no from {{ ref('transfers') }}
) as last
where
    found.n_transfers > 0
    and (
        found.first_no <> last.transfer_no + 1
        or found.last_no <> last.transfer_no + found.n_transfers
        or found.n_numbers <> found.n_transfers
    )
