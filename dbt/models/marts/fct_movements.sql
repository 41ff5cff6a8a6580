-- Each change of an advocate's account, with what it was for.
-- A transfer between two accounts of an advocate is two movements, one on each.

with

sides as (

    select
        transfers.*,
        transfers.debit_account as account_no,
        'debit' as side
    from {{ ref('transfers') }} as transfers
    union all
    select
        transfers.*,
        transfers.credit_account as account_no,
        'credit' as side
    from {{ ref('transfers') }} as transfers

),

requested as (

    select request_no, transaction_no from {{ ref('requests') }}
    union all
    select request_no, transaction_no from {{ ref('issues') }}

),

restored as (

    select distinct
        request_transfer_no,
        request_no
    from {{ ref('restores') }}

)

select
    sides.batch_no,
    sides.transfer_no,
    sides.transaction_no,
    advocates.advocate,
    accounts.account_kind as account,
    sides.rule,
    sides.event_on,
    sides.effective_on,
    case when sides.side = accounts.normal_side then sides.amount else -sides.amount end as amount,
    sides.lot_no,
    sides.subject_no,
    coalesce(merchants.partner, distributors.partner) as partner,
    documents.document,
    documents.document_date,
    requests.reward,
    requests.request_no
from sides
inner join {{ ref('accounts') }} as accounts on sides.account_no = accounts.account_no
inner join {{ ref('advocates') }} as advocates on accounts.advocate_no = advocates.advocate_no
left join requested on sides.transaction_no = requested.transaction_no
left join restored on sides.reverses_transfer_no = restored.request_transfer_no
left join {{ ref('requests') }} as requests
    on coalesce(requested.request_no, restored.request_no) = requests.request_no
left join {{ ref('lots') }} as lots on coalesce(sides.subject_no, sides.lot_no) = lots.lot_no
left join {{ ref('documents') }} as documents
    on lots.document_no = documents.document_no
    and requests.request_no is null
left join {{ source('raw', 'partners') }} as distributors
    on documents.partner_no = distributors.partner_no
left join {{ source('raw', 'partners') }} as merchants
    on requests.partner_no = merchants.partner_no
