-- Payments to merchants, one after the other, or why one is not booked: it and its discount are
-- more than is payable after the claims of the batch. One that is declined leaves what is
-- payable to the next.

with recursive

payable as (

    select
        partner_no,
        sum(amount) as amount
    from (
        select
            accounts.partner_no,
            balances.credits - balances.debits as amount
        from {{ ref('balances') }} as balances
        inner join {{ ref('accounts') }} as accounts on balances.account_no = accounts.account_no
        where accounts.account_kind = 'vouchers_payable'
        union all
        select
            partner_no,
            face_minor as amount
        from {{ ref('batch_claims') }}
        where code is null
    ) as before_and_now
    group by partner_no

),

asked as (

    select
        payments.file_no,
        payments.line_no,
        coalesce(partners.partner_no, 0) as partner_no,
        payments.amount_minor,
        payments.discount_minor,
        payments.paid_on,
        cast(coalesce(payable.amount, 0) as bigint) as payable_minor,
        row_number() over (
            partition by coalesce(partners.partner_no, 0)
            order by payments.file_no, payments.line_no
        ) as nth
    from {{ source('raw', 'payments') }} as payments
    inner join {{ source('raw', 'batch_files') }} as batch_files
        on payments.file_no = batch_files.file_no
    left join {{ source('raw', 'partners') }} as partners on payments.merchant = partners.partner
    left join payable on partners.partner_no = payable.partner_no

),

booked as (

    select
        partner_no,
        cast(0 as bigint) as nth,
        payable_minor as left_minor,
        false as is_booked
    from asked
    where nth = 1

    union all

    select
        asked.partner_no,
        cast(asked.nth as bigint) as nth,
        case
            when asked.amount_minor + asked.discount_minor <= booked.left_minor
                then booked.left_minor - asked.amount_minor - asked.discount_minor
            else booked.left_minor
        end as left_minor,
        asked.amount_minor + asked.discount_minor <= booked.left_minor as is_booked
    from booked
    inner join asked
        on booked.partner_no = asked.partner_no
        and booked.nth + 1 = asked.nth

)

select
    asked.file_no,
    asked.line_no,
    asked.partner_no,
    asked.amount_minor,
    asked.discount_minor,
    asked.paid_on,
    stg_programme.currency,
    case when not booked.is_booked then 'E_ABOVE_PAYABLE' end as code,
    row_number() over (order by asked.file_no, asked.line_no) as group_no
from asked
cross join {{ ref('stg_programme') }} as stg_programme
inner join booked
    on asked.partner_no = booked.partner_no
    and asked.nth = booked.nth
