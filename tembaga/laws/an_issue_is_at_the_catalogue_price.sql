-- Law 5: the points leg and the money leg of an issue, and of its cancellation, imply the price
-- and the face at the request; what is issued is what cancellations have left of the request.
-- Looks at: ledger.issues

with

legs as (

    select
        transaction_no,
        rule,
        sum(case when leg = 1 then amount else 0 end) as points,
        sum(case when leg = 2 then amount else 0 end) as face_minor,
        min(reverses_transfer_no) as held_by_no
    from ledger.transfers
    where rule in ('issue', 'cancel')
    group by transaction_no, rule

),

rejected as (

    select
        held.transaction_no,
        sum(transfers.amount) as points
    from ledger.transfers as transfers
    inner join ledger.transfers as held on transfers.reverses_transfer_no = held.transfer_no
    where transfers.rule = 'reject'
    group by held.transaction_no

),

priced as (

    select
        legs.transaction_no,
        legs.rule,
        legs.points,
        legs.face_minor,
        requests.request_no,
        requests.points as price,
        requests.face_minor as price_minor,
        requests.points - coalesce(rejected.points, 0) as left_points
    from legs
    left join ledger.issues as issues
        on legs.rule = 'issue'
        and legs.transaction_no = issues.transaction_no
    left join ledger.transfers as held
        on legs.rule = 'cancel'
        and legs.held_by_no = held.transfer_no
    left join ledger.requests as requests
        on issues.request_no = requests.request_no
        or (legs.rule = 'cancel' and held.transaction_no = requests.transaction_no)
    left join rejected on requests.transaction_no = rejected.transaction_no

)

select
    transaction_no,
    rule,
    request_no,
    points,
    face_minor,
    price,
    price_minor
from priced
where
    request_no is null
    or (rule = 'issue' and points <> left_points)
    or cast(points as decimal(38, 0)) * price_minor
    <> cast(face_minor as decimal(38, 0)) * price
