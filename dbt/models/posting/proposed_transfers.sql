-- What the batch would post, numbered in a fixed order: by phase, then by what belongs together.
-- Each rule is named here, so that a new one shows. Nothing counts in a closed period: what comes
-- late takes the first day of the open one, and keeps the day on which it happened.

with

posted as (

    select * from {{ ref('post_earn') }}
    union all
    select * from {{ ref('post_earn_cap') }}
    union all
    select * from {{ ref('post_uncap') }}
    union all
    select * from {{ ref('post_return_pending') }}
    union all
    select * from {{ ref('post_return_available') }}
    union all
    select * from {{ ref('post_return_spent') }}
    union all
    select * from {{ ref('post_return_lost') }}
    union all
    select * from {{ ref('post_repay_arrears') }}
    union all
    select * from {{ ref('post_mature') }}
    union all
    select * from {{ ref('post_reject') }}
    union all
    select * from {{ ref('post_cancel') }}
    union all
    select * from {{ ref('post_renew') }}
    union all
    select * from {{ ref('post_opening') }}
    union all
    select * from {{ ref('post_adjust') }}
    union all
    select * from {{ ref('post_merge') }}
    union all
    select * from {{ ref('post_reverse') }}
    union all
    select * from {{ ref('post_unexpire') }}
    union all
    select * from {{ ref('post_request') }}
    union all
    select * from {{ ref('post_issue') }}
    union all
    select * from {{ ref('post_expire') }}
    union all
    select * from {{ ref('post_arrears_write_off') }}
    union all
    select * from {{ ref('post_provision') }}
    union all
    select * from {{ ref('post_use') }}
    union all
    select * from {{ ref('post_settle') }}
    union all
    select * from {{ ref('post_voucher_expire') }}

),

with_accounts as (

    select
        posted.*,
        posting_rules.phase,
        posting_rules.rule_order,
        -- What a sale does to its subject is one transaction, whatever rules it takes.
        case when posting_rules.phase = 2 then 0 else posting_rules.rule_order end as kind_order,
        case when debited.unit = 'MONEY' then posted.currency else debited.unit end as unit,
        {{ account_no(
            'debited.scope', 'debited.code', 'posted.advocate_no', 'posted.partner_no'
        ) }} as debit_account,
        {{ account_no(
            'credited.scope', 'credited.code', 'posted.credit_advocate_no', 'posted.partner_no'
        ) }} as credit_account
    from posted
    inner join {{ ref('posting_rules') }} as posting_rules
        on posted.rule = posting_rules.rule
        and posted.leg = posting_rules.leg
    inner join {{ ref('chart_of_accounts') }} as debited
        on posting_rules.debit_kind = debited.account_kind
    inner join {{ ref('chart_of_accounts') }} as credited
        on posting_rules.credit_kind = credited.account_kind

),

last_numbers as (

    select
        coalesce(max(last_transfer_no), 0) as transfer_no,
        coalesce(max(last_transaction_no), 0) as transaction_no
    from {{ ref('batches') }}

)

select
    (select transfer_no from last_numbers) + row_number() over (
        order by
            with_accounts.phase,
            with_accounts.kind_order,
            with_accounts.group_no,
            with_accounts.rule_order,
            with_accounts.leg,
            with_accounts.lot_no,
            with_accounts.event_on,
            with_accounts.amount
    ) as transfer_no,
    (select transaction_no from last_numbers) + dense_rank() over (
        order by
            with_accounts.phase,
            with_accounts.kind_order,
            with_accounts.group_no
    ) as transaction_no,
    stg_batch.batch_no,
    with_accounts.rule,
    with_accounts.leg,
    with_accounts.unit,
    cast(with_accounts.debit_account as integer) as debit_account,
    cast(with_accounts.credit_account as integer) as credit_account,
    with_accounts.amount,
    with_accounts.event_on,
    greatest(with_accounts.effective_on, stg_batch.open_from) as effective_on,
    with_accounts.lot_no,
    with_accounts.subject_no,
    with_accounts.campaign_no,
    with_accounts.reverses_transfer_no,
    with_accounts.approval_no,
    with_accounts.group_no,
    with_accounts.advocate_no,
    with_accounts.partner_no
from with_accounts
cross join {{ ref('stg_batch') }} as stg_batch
