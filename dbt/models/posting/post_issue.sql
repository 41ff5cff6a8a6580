-- A voucher is issued: its points are used, and its face is owed to the merchant.
--
--   leg 1   debit   Liabilities:Points:Held:<a>             the lots that were held
--           credit  Equity:Conversion:PTS
--   leg 2   debit   Equity:Conversion:<currency>
--           credit  Liabilities:Vouchers:Outstanding:<m>    the voucher's face
--
-- Both legs are one transaction; together they imply the catalogue's price at the request.

{{ config(materialized='ephemeral') }}

select
    'issue' as rule,
    cast(1 as smallint) as leg,
    cast(issue_lots.request_no as bigint) as group_no,
    cast(issue_lots.advocate_no as integer) as advocate_no,
    cast(issue_lots.advocate_no as integer) as credit_advocate_no,
    cast(null as integer) as partner_no,
    cast(null as {{ dbt.type_string() }}) as currency,
    cast(issue_lots.amount as bigint) as amount,
    stg_batch.as_of as event_on,
    stg_batch.as_of as effective_on,
    cast(issue_lots.lot_no as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('issue_lots') }} as issue_lots
cross join {{ ref('stg_batch') }} as stg_batch

union all

select
    'issue' as rule,
    cast(2 as smallint) as leg,
    cast(batch_issues.request_no as bigint) as group_no,
    cast(batch_issues.advocate_no as integer) as advocate_no,
    cast(batch_issues.advocate_no as integer) as credit_advocate_no,
    cast(batch_issues.partner_no as integer) as partner_no,
    cast(batch_issues.currency as {{ dbt.type_string() }}) as currency,
    cast(batch_issues.face_minor as bigint) as amount,
    stg_batch.as_of as event_on,
    stg_batch.as_of as effective_on,
    cast(null as bigint) as lot_no,
    cast(null as bigint) as subject_no,
    cast(null as integer) as campaign_no,
    cast(null as bigint) as reverses_transfer_no,
    cast(null as bigint) as approval_no
from {{ ref('batch_issues') }} as batch_issues
cross join {{ ref('stg_batch') }} as stg_batch
