-- What a returned sale's own lot no longer has is taken from the advocate's other available
-- lots, soonest expiry first (S8, S10), unless only the own lot answers for it.
--
-- Debts and lots are laid side by side as intervals of their running totals; every overlap is
-- a clawback. No loop is needed.

with

debts as (

    select
        subject_no,
        advocate_no,
        sum(rest) over (partition by advocate_no order by subject_no) - rest as low,
        sum(rest) over (partition by advocate_no order by subject_no) as high
    from {{ ref('sale_moves') }}
    cross join {{ ref('stg_programme') }} as stg_programme
    where
        rest > 0
        and stg_programme.clawback <> 'own_lot_only'

),

remaining as (

    select
        lots.lot_no,
        lots.advocate_no,
        lots.expires_on,
        lots.earned_on,
        lots.available - coalesce(sale_moves.from_available, 0) as available
    from {{ ref('lots') }} as lots
    left join {{ ref('sale_moves') }} as sale_moves on lots.lot_no = sale_moves.subject_no
    where
        lots.available > 0
        and lots.advocate_no in (select debts.advocate_no from debts)

),

supplies as (

    select
        lot_no,
        advocate_no,
        (sum(available) over soonest_first) - available as low,
        sum(available) over soonest_first as high
    from remaining
    where available > 0
    window soonest_first as (
        partition by advocate_no
        order by coalesce(expires_on, date '9999-12-31'), earned_on, lot_no
        rows between unbounded preceding and current row
    )

)

select
    debts.subject_no,
    debts.advocate_no,
    supplies.lot_no,
    cast(
        least(debts.high, supplies.high) - greatest(debts.low, supplies.low) as bigint
    ) as amount
from debts
inner join supplies
    on debts.advocate_no = supplies.advocate_no
    and debts.low < supplies.high
    and supplies.low < debts.high
