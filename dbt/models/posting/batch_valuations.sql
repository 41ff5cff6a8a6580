-- The cohorts of a batch that values outstanding points, with the points in each (S18).
--
-- The first batch of a day on or after the end of a month values for that month, by the version
-- that is in force on its last day; a month that was passed over is not made up for. All lots
-- are read in such a batch alone. What is owed to the programme, arrears, is not set off.

with

ended as (

    select
        batch_no,
        as_of,
        {{ days_after(period_start(days_after('as_of', '1'), "'month'"), '-1') }} as period_ends_on
    from {{ ref('stg_batch') }}
    where kind = 'day'

),

cohorts as (

    select
        ended.batch_no,
        ended.as_of,
        ended.period_ends_on,
        cohorts.*,
        stg_programme.currency
    from ended
    inner join {{ source('raw', 'cohorts') }} as cohorts
        on ended.period_ends_on >= cohorts.from_on
        and ended.period_ends_on <= cohorts.until_on
    cross join {{ ref('stg_programme') }} as stg_programme
    where not exists (
        select 1
        from {{ ref('valuations') }} as valuations
        where valuations.period_ends_on >= ended.period_ends_on
    )

),

due as (  -- One row or none. Where it is none, DuckDB reads nothing for the join with it.

    select count(*) as n_cohorts
    from cohorts
    having count(*) > 0

),

earned as (

    select
        lots.earned_on,
        lots.pending + lots.available + lots.held as points
    from {{ ref('lots') }} as lots
    cross join due
    where
        exists (select 1 from cohorts)  -- And PostgreSQL nothing for this.
        and lots.pending + lots.available + lots.held > 0
        and not exists (
            select 1
            from {{ ref('proposed_lots') }} as proposed
            where proposed.lot_no = lots.lot_no
        )
    union all
    select
        proposed.earned_on,
        proposed.pending + proposed.available + proposed.held as points
    from {{ ref('proposed_lots') }} as proposed
    cross join due

),

by_day as (

    select
        earned_on,
        sum(points) as points
    from earned
    group by earned_on

)

select
    cohorts.batch_no,
    cohorts.as_of,
    cohorts.period_ends_on,
    cohorts.from_on as version_from_on,
    cohorts.beneficiary,
    cohorts.currency,
    cohorts.cohort_no,
    cohorts.from_months,
    cohorts.until_months,
    cohorts.cost,
    cohorts.expected,
    cohorts.divisor,
    cast(coalesce(sum(by_day.points), 0) as bigint) as points
from cohorts
left join by_day
    on (
        cohorts.from_months = 0
        or {{ months_after('by_day.earned_on', 'cohorts.from_months') }} <= cohorts.as_of
    )
    and (
        cohorts.until_months is null
        or {{ months_after('by_day.earned_on', 'cohorts.until_months') }} > cohorts.as_of
    )
group by
    cohorts.batch_no,
    cohorts.as_of,
    cohorts.period_ends_on,
    cohorts.from_on,
    cohorts.beneficiary,
    cohorts.currency,
    cohorts.cohort_no,
    cohorts.from_months,
    cohorts.until_months,
    cohorts.cost,
    cohorts.expected,
    cohorts.divisor
