-- Advocates that the ledger does not know yet, with the numbers they will have.
-- They are numbered in the order of their names, so that no file's order matters.

with

known as (

    select * from {{ ref('advocates') }}

),

arrived as (

    select advocate from {{ ref('batch_effects') }}
    union
    select named.advocate
    from (
        select file_no, advocate from {{ source('raw', 'opening_balances') }}
        union all
        select file_no, advocate from {{ source('raw', 'adjustments') }}
        union all
        select file_no, advocate from {{ source('raw', 'requests') }}
        union all
        select file_no, advocate from {{ source('raw', 'merges') }}
        union all
        select file_no, into_advocate as advocate from {{ source('raw', 'merges') }}
    ) as named
    inner join {{ source('raw', 'batch_files') }} as batch_files
        on named.file_no = batch_files.file_no

),

unknown as (

    select arrived.advocate
    from arrived
    left join known on arrived.advocate = known.advocate
    where known.advocate is null

),

last_number as (

    select coalesce(max(advocate_no), 1000) as advocate_no from known

)

select
    cast(
        (select advocate_no from last_number)
        + row_number() over (order by {{ binary_order('unknown.advocate') }})
        as integer
    ) as advocate_no,
    unknown.advocate
from unknown
