-- Accounts that the batch is the first to use.

with

parties as (

    select
        account_movements.account_no,
        account_movements.unit,
        case
            when account_movements.account_no < 1000 then 'programme'
            when account_movements.account_no < 8000 then 'merchant'
            else 'advocate'
        end as scope,
        account_movements.account_no % 8 as party_code
    from {{ ref('account_movements') }} as account_movements
    left join {{ ref('accounts') }} as accounts
        on account_movements.account_no = accounts.account_no
    where accounts.account_no is null

),

numbered as (

    select
        parties.account_no,
        parties.unit,
        chart_of_accounts.account_kind,
        chart_of_accounts.path,
        chart_of_accounts.normal_side,
        case when parties.scope = 'advocate' then {{ floor_div('parties.account_no', '8') }} end
            as advocate_no,
        case
            when parties.scope = 'merchant' then {{ floor_div('parties.account_no - 1000', '8') }}
        end as partner_no
    from parties
    inner join {{ ref('chart_of_accounts') }} as chart_of_accounts
        on parties.scope = chart_of_accounts.scope
        and case
            when parties.scope = 'programme' then parties.account_no else parties.party_code
        end = chart_of_accounts.code

)

select
    numbered.account_no,
    replace(  -- The name from outside comes last: nothing is replaced within it.
        replace(
            replace(numbered.path, '<u>', numbered.unit), '<m>', coalesce(partners.partner, '')
        ),
        '<a>', coalesce(all_advocates.advocate, '')
    ) as path,
    numbered.unit,
    numbered.normal_side,
    numbered.account_kind,
    cast(numbered.advocate_no as integer) as advocate_no,
    cast(numbered.partner_no as integer) as partner_no,
    stg_batch.batch_no
from numbered
cross join {{ ref('stg_batch') }} as stg_batch
left join {{ source('raw', 'partners') }} as partners on numbered.partner_no = partners.partner_no
left join (
    select advocate_no, advocate from {{ ref('advocates') }}
    union all
    select advocate_no, advocate from {{ ref('batch_advocates') }}
) as all_advocates
    on numbered.advocate_no = all_advocates.advocate_no
