-- The trial balance, with a sum for each unit.

select account, unit, debit, credit from marts.rpt_trial_balance
union all
select 'all accounts', unit, cast(sum(debit) as bigint), cast(sum(credit) as bigint)
from marts.rpt_trial_balance group by unit
order by unit desc, account
