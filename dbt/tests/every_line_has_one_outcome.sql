-- Law 6: each accepted line of the batch's files is rated once, and its points add up to what
-- its subject was posted.

with

counted as (

    select
        stg_sales.file_no,
        stg_sales.line_no,
        count(award_lines.file_no) as n_outcomes
    from {{ ref('stg_sales') }} as stg_sales
    left join {{ ref('batch_award_lines') }} as award_lines
        on stg_sales.file_no = award_lines.file_no
        and stg_sales.line_no = award_lines.line_no
    group by stg_sales.file_no, stg_sales.line_no

),

subject_points as (

    select
        subject_no,
        sum(points) as points
    from {{ ref('batch_award_lines') }}
    group by subject_no

)

select
    concat('file ', file_no, ', line ', line_no) as what,
    n_outcomes as found
from counted
where n_outcomes <> 1

union all

select
    concat('subject ', subjects.subject_no) as what,
    subject_points.points as found
from {{ ref('batch_subjects') }} as subjects
left join subject_points on subjects.subject_no = subject_points.subject_no
where subjects.difference <> coalesce(subject_points.points, 0)
