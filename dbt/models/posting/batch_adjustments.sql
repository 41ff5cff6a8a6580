-- Adjustments of the batch by hand, each with its approval.

select
    adjustments.file_no,
    adjustments.line_no,
    adjustments.approval_no,
    adjustments.points,
    adjustments.adjusted_on,
    coalesce(merges.into_advocate_no, advocates.advocate_no) as advocate_no
from {{ source('raw', 'adjustments') }} as adjustments
inner join {{ source('raw', 'batch_files') }} as batch_files
    on adjustments.file_no = batch_files.file_no
inner join (
    select advocate_no, advocate from {{ ref('advocates') }}
    union all
    select advocate_no, advocate from {{ ref('batch_advocates') }}
) as advocates
    on adjustments.advocate = advocates.advocate
left join {{ ref('merges') }} as merges on advocates.advocate_no = merges.advocate_no
