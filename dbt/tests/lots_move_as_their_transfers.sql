-- Law 3: each lot changes by what the batch's transfers move on it, and by nothing else.

with

moved as (

    select
        transfers.lot_no,
        sum(
            case when transfers.credit_account % 8 = 1 then transfers.amount else 0 end
            - case when transfers.debit_account % 8 = 1 then transfers.amount else 0 end
        ) as pending,
        sum(
            case when transfers.credit_account % 8 = 2 then transfers.amount else 0 end
            - case when transfers.debit_account % 8 = 2 then transfers.amount else 0 end
        ) as available,
        sum(
            case when transfers.credit_account % 8 = 3 then transfers.amount else 0 end
            - case when transfers.debit_account % 8 = 3 then transfers.amount else 0 end
        ) as held
    from (
        select
            lot_no,
            amount,
            case when debit_account > 8000 then debit_account else 0 end as debit_account,
            case when credit_account > 8000 then credit_account else 0 end as credit_account
        from {{ ref('proposed_transfers') }}
        where lot_no is not null
    ) as transfers
    group by transfers.lot_no

),

changed as (

    select
        proposed.lot_no,
        proposed.pending - coalesce(lots.pending, 0) as pending,
        proposed.available - coalesce(lots.available, 0) as available,
        proposed.held - coalesce(lots.held, 0) as held
    from {{ ref('proposed_lots') }} as proposed
    left join {{ ref('lots') }} as lots on proposed.lot_no = lots.lot_no

)

select
    coalesce(changed.lot_no, moved.lot_no) as lot_no,
    changed.pending,
    changed.available,
    changed.held
from changed
full join moved on changed.lot_no = moved.lot_no
where
    coalesce(changed.pending, 0) <> coalesce(moved.pending, 0)
    or coalesce(changed.available, 0) <> coalesce(moved.available, 0)
    or coalesce(changed.held, 0) <> coalesce(moved.held, 0)
