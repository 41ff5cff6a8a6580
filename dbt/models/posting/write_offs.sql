-- Arrears that have rested so long that they are given up (S10).

select
    accounts.advocate_no,
    balances.debits - balances.credits as amount
from {{ ref('accounts') }} as accounts
inner join {{ ref('balances') }} as balances on accounts.account_no = balances.account_no
cross join {{ ref('stg_batch') }} as stg_batch
cross join {{ ref('stg_programme') }} as stg_programme
where
    accounts.account_kind = 'arrears'
    and balances.debits > balances.credits
    and stg_batch.kind = 'day'
    and {{ days_after('balances.moved_on', 'stg_programme.write_off_days') }} <= stg_batch.as_of
    and accounts.advocate_no not in (
        select moves.advocate_no from {{ ref('arrears_moves') }} as moves
        union
        select late.advocate_no from {{ ref('late_repayments') }} as late
        union
        select adjustments.advocate_no
        from {{ ref('batch_adjustments') }} as adjustments
        where adjustments.points < 0
    )
