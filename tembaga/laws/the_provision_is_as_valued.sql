-- Law 5: after each valuation the provision is what the points of its cohorts are expected to
-- cost, rounded down once; these points are all that stand on the accounts of advocates then; and
-- without a valuation the provision does not move (S18).
-- Looks at: ledger.valuations

with

sides as (

    select transfers.batch_no, accounts.account_kind, transfers.amount
    from ledger.transfers as transfers
    inner join ledger.accounts as accounts on transfers.credit_account = accounts.account_no
    where accounts.account_kind in ('provision', 'pending', 'available', 'held')
    union all
    select transfers.batch_no, accounts.account_kind, -transfers.amount as amount
    from ledger.transfers as transfers
    inner join ledger.accounts as accounts on transfers.debit_account = accounts.account_no
    where accounts.account_kind in ('provision', 'pending', 'available', 'held')

),

moved as (

    select
        batch_no,
        sum(case when account_kind = 'provision' then amount else 0 end) as provision,
        sum(case when account_kind = 'provision' then 0 else amount end) as points,
        sum(case when account_kind = 'provision' then 1 else 0 end) as n_provisions
    from sides
    group by batch_no

),

standing as (

    select
        batches.batch_no,
        sum(coalesce(moved.provision, 0)) over (order by batches.batch_no) as provision,
        sum(coalesce(moved.points, 0)) over (order by batches.batch_no) as points,
        coalesce(moved.n_provisions, 0) as n_provisions
    from ledger.batches as batches
    left join moved on batches.batch_no = moved.batch_no

),

valued as (

    select
        batch_no,
        sum(cast(points as decimal(38, 0)) * expected) as parts,
        sum(points) as points,
        min(divisor) as divisor,
        max(divisor) as other_divisor,
        count(distinct cohort_no) as n_cohorts,
        max(cohort_no) as last_cohort_no,
        count(*) as n_rows
    from ledger.valuations
    group by batch_no

)

select
    coalesce(valued.batch_no, standing.batch_no) as batch_no,
    standing.provision,
    valued.parts,
    valued.divisor,
    standing.points,
    valued.points as points_of_cohorts
from standing
full join valued on standing.batch_no = valued.batch_no
where
    standing.batch_no is null
    or (valued.batch_no is null and standing.n_provisions > 0)
    or valued.points <> standing.points
    or valued.divisor <> valued.other_divisor
    or valued.n_rows <> valued.n_cohorts
    or valued.n_rows <> valued.last_cohort_no
    or valued.parts < standing.provision * valued.divisor
    or valued.parts >= (standing.provision + 1) * valued.divisor
