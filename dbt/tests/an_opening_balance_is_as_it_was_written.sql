-- Law 6: each advocate brings as many points, and owes as much, as the lines of the file say.

with

posted as (

    select
        advocate_no,
        leg,
        sum(amount) as amount
    from {{ ref('proposed_transfers') }}
    where rule = 'opening'
    group by advocate_no, leg

),

written as (

    select
        advocate_no,
        case when points > 0 then 1 else 2 end as leg,
        sum(abs(points)) as amount
    from {{ ref('batch_openings') }}
    group by advocate_no, case when points > 0 then 1 else 2 end

)

select
    coalesce(posted.advocate_no, written.advocate_no) as advocate_no,
    coalesce(posted.leg, written.leg) as leg,
    posted.amount as posted,
    written.amount as written
from posted
full join written
    on posted.advocate_no = written.advocate_no
    and posted.leg = written.leg
where
    posted.amount is null
    or written.amount is null
    or posted.amount <> written.amount
