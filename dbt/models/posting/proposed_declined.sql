-- What the batch was asked for and could not do, and why.

with

declined as (

    select file_no, line_no, 'cancellations' as feed, code
    from {{ ref('batch_cancellations') }}
    union all
    select file_no, line_no, 'merges' as feed, code
    from {{ ref('batch_merges') }}
    union all
    select file_no, line_no, 'reversals' as feed, code
    from {{ ref('batch_reversals') }}
    union all
    select file_no, line_no, 'claims' as feed, code
    from {{ ref('batch_claims') }}
    union all
    select file_no, line_no, 'payments' as feed, code
    from {{ ref('batch_payments') }}
    union all
    select file_no, line_no, 'requests' as feed, code
    from {{ ref('asked_rewards') }}
    union all
    select
        asked.file_no,
        asked.line_no,
        'requests' as feed,
        'INSUFFICIENT' as code
    from {{ ref('served_requests') }} as served
    inner join {{ ref('asked_rewards') }} as asked
        on served.advocate_no = asked.advocate_no
        and served.nth = asked.nth
        and asked.code is null
    where not served.is_served

)

select
    stg_batch.batch_no,
    declined.file_no,
    declined.line_no,
    declined.feed,
    declined.code
from declined
cross join {{ ref('stg_batch') }} as stg_batch
where declined.code is not null
