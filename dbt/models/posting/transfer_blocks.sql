-- The canonical text of the batch's transfers, 4,096 to a block, and the digest of each block.
-- Integers in decimal, days as YYYY-MM-DD, null as `-`, fields parted by `|`, lines by a feed.
-- The leg of a rule is not among them: it follows from the accounts.

with

lines as (

    select
        transfer_no,
        {{ floor_div('row_number() over (order by transfer_no) - 1', '4096') }} as block_no,
        concat_ws(
            '|',
            transfer_no, transaction_no, batch_no, rule, unit, debit_account, credit_account,
            amount, cast(event_on as text), cast(effective_on as text),
            coalesce(cast(lot_no as text), '-'),
            coalesce(cast(subject_no as text), '-'),
            coalesce(cast(campaign_no as text), '-'),
            coalesce(cast(reverses_transfer_no as text), '-'),
            coalesce(cast(approval_no as text), '-')
        ) as line
    from {{ ref('proposed_transfers') }}

)

select
    block_no,
    {{ sha256_hex('string_agg(line, chr(10) order by transfer_no)') }} as digest
from lines
group by block_no
