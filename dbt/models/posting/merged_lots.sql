-- Lots that change their owner in this batch, and who owned them before.

with

given as (

    select
        lots.lot_no,
        lots.advocate_no as from_advocate_no,
        batch_merges.into_advocate_no as advocate_no
    from {{ ref('lots') }} as lots
    inner join {{ ref('batch_merges') }} as batch_merges
        on lots.advocate_no = batch_merges.advocate_no
    where batch_merges.code is null

),

given_back as (

    select
        lots.lot_no,
        lots.advocate_no as from_advocate_no,
        coalesce(
            moved.advocate_no, new_owners.into_advocate_no, new_owners.advocate_no
        ) as advocate_no
    from {{ ref('lots') }} as lots
    left join (
        select
            lot_no,
            max(credit_advocate_no) as advocate_no
        from {{ ref('reversed_transfers') }}
        where leg in (3, 4, 5)
        group by lot_no
    ) as moved
        on lots.lot_no = moved.lot_no
    left join {{ ref('new_owners') }} as new_owners
        on lots.earner_no = new_owners.advocate_no
        and lots.advocate_no = new_owners.previous_into_no
    where
        exists (select 1 from {{ ref('batch_reversals') }} as reversals where reversals.code is null)
        and (moved.lot_no is not null or new_owners.advocate_no is not null)

)

select
    lot_no,
    from_advocate_no,
    advocate_no
from given

union all

select
    lot_no,
    from_advocate_no,
    advocate_no
from given_back
where advocate_no <> from_advocate_no
