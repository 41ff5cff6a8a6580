-- Merges of the batch: all that one advocate has becomes another's (S23); or why not.

with

all_advocates as (

    select advocate_no, advocate from {{ ref('advocates') }}
    union all
    select advocate_no, advocate from {{ ref('batch_advocates') }}

),

asked as (

    select
        asked.file_no,
        asked.line_no,
        asked.advocate,
        asked.into_advocate,
        giver.advocate_no,
        taker.advocate_no as into_advocate_no
    from {{ source('raw', 'merges') }} as asked
    inner join {{ source('raw', 'batch_files') }} as batch_files
        on asked.file_no = batch_files.file_no
    inner join all_advocates as giver on asked.advocate = giver.advocate
    inner join all_advocates as taker on asked.into_advocate = taker.advocate

)

select
    asked.file_no,
    asked.line_no,
    asked.advocate_no,
    asked.into_advocate_no,
    case
        when
            asked.advocate_no = asked.into_advocate_no
            or asked.advocate_no in (select merges.advocate_no from {{ ref('merges') }} as merges)
            or asked.into_advocate_no in (select merges.advocate_no from {{ ref('merges') }} as merges)
            or asked.into_advocate in (select others.advocate from asked as others)
            or exists (
                select 1
                from asked as others
                where
                    others.advocate = asked.advocate
                    and (
                        others.file_no < asked.file_no
                        or (others.file_no = asked.file_no and others.line_no < asked.line_no)
                    )
            )
            then 'E_MERGED'
    end as code
from asked
