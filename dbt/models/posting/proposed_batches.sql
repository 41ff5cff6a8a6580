-- The batch itself, sealed: its head binds every transfer, every batch before it, the files it
-- was made from and the rules in force. A batch of no file and no transfer is none.

with

totals as (

    select
        count(*) as n_transfers,
        max(transfer_no) as last_transfer_no,
        max(transaction_no) as last_transaction_no
    from {{ ref('proposed_transfers') }}

),

unit_totals as (

    select
        {{ joined(
            "concat_ws('=', unit, cast(amount as " ~ dbt.type_string() ~ "))",
            "','",
            binary_order('unit')
        ) }} as amounts
    from (
        select
            unit,
            sum(amount) as amount
        from {{ ref('proposed_transfers') }}
        group by unit
    ) as by_unit

),

root as (

    select {{ sha256_hex("coalesce(" ~ joined('digest', 'chr(10)', 'block_no') ~ ", '')") }} as root
    from {{ ref('transfer_blocks') }}

),

previous as (

    select
        coalesce(max(batch_no), 0) as batch_no,
        coalesce(max(last_transfer_no), 0) as last_transfer_no,
        coalesce(max(last_transaction_no), 0) as last_transaction_no
    from {{ ref('batches') }}

),

sealed as (

    select
        stg_batch.batch_no,
        stg_batch.as_of,
        stg_batch.kind,
        stg_batch.open_from,
        totals.n_transfers,
        coalesce(totals.last_transfer_no, previous.last_transfer_no) as last_transfer_no,
        coalesce(totals.last_transaction_no, previous.last_transaction_no) as last_transaction_no,
        coalesce(unit_totals.amounts, '-') as totals,
        root.root,
        stg_batch.manifest_sha256,
        stg_batch.rulepack_sha256,
        coalesce(batches.head, '-') as previous_head
    from {{ ref('stg_batch') }} as stg_batch
    cross join totals
    cross join unit_totals
    cross join root
    cross join previous
    left join {{ ref('batches') }} as batches on previous.batch_no = batches.batch_no
    where
        totals.n_transfers > 0
        or exists (select 1 from {{ source('raw', 'batch_files') }})

)

select
    batch_no,
    as_of,
    kind,
    open_from,
    n_transfers,
    last_transfer_no,
    last_transaction_no,
    totals,
    root,
    manifest_sha256,
    rulepack_sha256,
    previous_head,
    {{ sha256_hex(
        "concat_ws('|', batch_no, previous_head, cast(as_of as " ~ dbt.type_string() ~ "), "
        ~ "n_transfers, totals, root, manifest_sha256, rulepack_sha256)"
    ) }} as head
from sealed
