-- Each accepted line with the points that it brought in this batch, or why it brought none.
-- The difference of a subject is shared out over its lines by the largest remainder; ties go
-- to the lowest line (S1).

with

shares as (

    select
        batch_lines.file_no,
        batch_lines.line_no,
        batch_lines.reason,
        batch_lines.weight,
        batch_lines.divisor,
        batch_subjects.subject_no,
        batch_subjects.difference,
        {{ floor_div('batch_lines.weight', 'batch_lines.divisor') }} as whole
    from {{ ref('batch_lines') }} as batch_lines
    left join {{ ref('batch_subjects') }} as batch_subjects
        on batch_lines.document_no = batch_subjects.document_no
        and batch_lines.advocate_no = batch_subjects.advocate_no
        and batch_lines.version_no = batch_subjects.version_no

),

ranked as (

    select
        *,
        difference - cast(sum(whole) over (partition by subject_no) as bigint) as over,
        count(*) over (partition by subject_no) as n_lines,
        row_number() over (
            partition by subject_no
            order by weight - whole * divisor desc, file_no, line_no
        ) as rank_no
    from shares

)

select
    subject_no,
    file_no,
    line_no,
    case
        when subject_no is null then 0
        else
            whole
            + {{ floor_div('over', 'n_lines') }}
            + case
                when rank_no <= over - {{ floor_div('over', 'n_lines') }} * n_lines then 1 else 0
            end
    end as points,
    reason
from ranked
