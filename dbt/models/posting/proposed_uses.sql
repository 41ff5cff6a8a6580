-- The vouchers that the batch ends: those that merchants have claimed, and those that can be
-- claimed no more.

select distinct
    transfers.group_no as request_no,
    transfers.rule,
    transfers.batch_no,
    transfers.transaction_no,
    claims.file_no,
    claims.line_no
from {{ ref('proposed_transfers') }} as transfers
left join {{ ref('batch_claims') }} as claims
    on transfers.rule = 'use'
    and transfers.group_no = claims.request_no
    and claims.code is null
where transfers.rule in ('use', 'voucher_expire')
