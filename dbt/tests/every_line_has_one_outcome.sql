-- Law 6: each line of the batch's files is rated, or void, or a return that waits for its sale; and
-- the points of a subject's lines add up to what it was posted.

with

repeated as (

    select
        file_no,
        line_no
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
where
    lines.action <> 'void'
    and not exists (
        select 1
        from {{ ref('batch_award_lines') }} as rated
        where rated.file_no = lines.file_no and rated.line_no = lines.line_no
    )
    and not exists (
        select 1
        from {{ ref('proposed_open_returns') }} as waiting
        where waiting.file_no = lines.file_no and waiting.line_no = lines.line_no
    )

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
