-- What outstanding points are expected to cost is provided for: as much as is missing is raised, as
-- much as is too much is released (S18).
--
--   leg 1   debit   Expenses:Loyalty:Provision           advocates: a selling expense
--           credit  Liabilities:Loyalty:Provision
--   leg 3   debit   Income:Sales:LoyaltyReduction        purchasers: a reduction of revenue
--           credit  Liabilities:Loyalty:Provision
--   leg 5   debit   Income:Sales:Deferred                consumers: a contract liability
--           credit  Liabilities:Loyalty:Provision
--   leg 2, 4, 6     the same the other way round
--
-- One transfer a valuation. The exact sum over all cohorts is rounded down once, to minor units.

{{ config(materialized='ephemeral') }}

with

target as (

    select
        as_of,
        beneficiary,
        currency,
        {{ floor_div(wide('sum(' ~ wide('points') ~ ' * expected)'), wide('divisor')) }} as amount
    from {{ ref('batch_valuations') }}
    group by as_of, beneficiary, currency, divisor

),

missing as (

    select
        target.as_of,
        target.beneficiary,
        target.currency,
        cast(target.amount - coalesce(balances.credits - balances.debits, 0) as bigint) as amount
    from target
    inner join {{ ref('chart_of_accounts') }} as chart on chart.account_kind = 'provision'
    left join {{ ref('balances') }} as balances on chart.code = balances.account_no

)

select
    'provision' as rule,
    cast(
        case beneficiary when 'advocate' then 1 when 'purchaser' then 3 else 5 end
        + case when amount < 0 then 1 else 0 end
        as smallint
    ) as leg,
    cast(1 as bigint) as group_no,
    cast(null as integer) as advocate_no,
    cast(null as integer) as credit_advocate_no,
    cast(null as integer) as partner_no,
    cast(currency as {{ dbt.type_string() }}) as currency,
    cast(abs(amount) as bigint) as amount,
    as_of as event_on,
    as_of as effective_on,
    cast(null as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from missing
where amount <> 0
