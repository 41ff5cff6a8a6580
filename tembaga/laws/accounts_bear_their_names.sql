-- Law 1: an account has the number, the path and the side that the chart gives it.
-- Looks at: ledger.accounts

select
    accounts.account_no,
    accounts.path,
    accounts.account_kind
from ledger.accounts as accounts
left join rules.chart_of_accounts as chart on accounts.account_kind = chart.account_kind
left join ledger.advocates as advocates on accounts.advocate_no = advocates.advocate_no
left join raw.partners as partners on accounts.partner_no = partners.partner_no
where
    chart.account_kind is null
    or accounts.normal_side <> chart.normal_side
    or (chart.unit <> 'MONEY' and accounts.unit <> chart.unit)
    or accounts.account_no <> case chart.scope
        when 'programme' then chart.code
        when 'merchant' then 1000 + 8 * coalesce(accounts.partner_no, 0) + chart.code
        else 8 * coalesce(accounts.advocate_no, 0) + chart.code
    end
    or accounts.path <> replace(
        replace(
            replace(chart.path, '<u>', accounts.unit), '<a>', coalesce(advocates.advocate, '')
        ),
        '<m>',
        coalesce(partners.partner, '')
    )
