-- The canonical text of the batch's transfers, 4,096 to a block, and the digest of each block.
-- Integers in decimal, days as YYYY-MM-DD, null as `-`, fields parted by `|`, lines by a feed.
-- The leg of a rule is not among them: it follows from the accounts.
--
-- A million transfers at a time (a whole number of blocks): all at once would need memory for the
-- text of all.

{{ config(in_parts={'of': 'proposed_transfers', 'column': 'transfer_no', 'rows': 1048576}) }}

{% set text = dbt.type_string() %}

with

before as (

    select coalesce(max(last_transfer_no), 0) as last_transfer_no from {{ ref('batches') }}

),

lines as (

    select
        transfer_no,
        {{ floor_div('transfer_no - last_transfer_no - 1', '4096') }} as block_no,
        concat_ws(
            '|',
            transfer_no, transaction_no, batch_no, rule, unit, debit_account, credit_account,
            amount, cast(event_on as {{ text }}), cast(effective_on as {{ text }}),
            coalesce(cast(lot_no as {{ text }}), '-'),
            coalesce(cast(subject_no as {{ text }}), '-'),
            coalesce(cast(campaign_no as {{ text }}), '-'),
            coalesce(cast(reverses_transfer_no as {{ text }}), '-'),
            coalesce(cast(approval_no as {{ text }}), '-')
        ) as line
    from {{ ref('proposed_transfers') }}
    cross join before
    where {{ this_part() }}

)

select
    block_no,
    {{ sha256_hex(joined('line', 'chr(10)', 'transfer_no')) }} as digest
from lines
group by block_no
