-- Law 6: each line of the batch's files is rated, or void, or a return that waits for its sale; and
-- the points of a subject's lines add up to what it was posted.

with

rated as (

    select distinct
        file_no,
        line_no
    from {{ ref('batch_award_lines') }}

),

waiting as (

    select file_no, line_no from {{ ref('proposed_open_returns') }}

),

repeated as (

    select
        file_no,
        line_no,
        subject_no
    from {{ ref('batch_award_lines') }}
    group by file_no, line_no, subject_no
    having count(*) > 1

),

subject_points as (

    select
        subject_no,
        sum(points) as points
    from {{ ref('batch_award_lines') }}
    group by subject_no

)

select
    concat('file ', lines.file_no, ', line ', lines.line_no, ' has no outcome') as what,
    0 as found
from {{ ref('stg_lines') }} as lines
left join rated
    on lines.file_no = rated.file_no
    and lines.line_no = rated.line_no
left join waiting
    on lines.file_no = waiting.file_no
    and lines.line_no = waiting.line_no
where
    rated.file_no is null
    and waiting.file_no is null
    and lines.action <> 'void'

union all

select
    concat('file ', file_no, ', line ', line_no, ' is rated twice') as what,
    2 as found
from repeated

union all

select
    concat('subject ', subjects.subject_no) as what,
    subject_points.points as found
from {{ ref('batch_subjects') }} as subjects
left join subject_points on subjects.subject_no = subject_points.subject_no
where subjects.difference <> coalesce(subject_points.points, 0)
