-- Each accepted line with the points that it brought to each subject in this batch, or why it
-- brought none. The difference of a subject is shared out over its lines by the largest
-- remainder; ties go to the lowest line (S1).
--
-- Where more was returned than sold, the target stays at zero: what the returns did not take
-- is left out of their lines, and what a later sale does not bring out of its own.

with

lines as (

    select
        file_no,
        line_no,
        document_no,
        earner_no,
        min(divisor) as divisor,
        sum(weight) as weight,
        min(reason) as reason
    from {{ ref('batch_lines') }}
    group by file_no, line_no, document_no, earner_no

),

shares as (

    select
        lines.file_no,
        lines.line_no,
        lines.reason,
        lines.weight,
        lines.divisor,
        batch_subjects.subject_no,
        batch_subjects.difference,
        {{ floor_div('lines.weight', 'lines.divisor') }} as whole
    from lines
    left join {{ ref('batch_subjects') }} as batch_subjects
        on lines.document_no = batch_subjects.document_no
        and lines.earner_no = batch_subjects.earner_no

),

totals as (

    select
        subject_no,
        min(difference) - sum(whole) as remainder,
        sum(case when weight <> 0 then 1 else 0 end) as n_lines
    from shares
    where subject_no is not null
    group by subject_no

),

sharers as (

    select
        shares.subject_no,
        shares.file_no,
        shares.line_no,
        totals.remainder,
        count(*) over (partition by shares.subject_no) as n_sharers,
        row_number() over (
            partition by shares.subject_no
            order by shares.weight - shares.whole * shares.divisor desc, shares.file_no, shares.line_no
        ) as rank_no
    from shares
    inner join totals on shares.subject_no = totals.subject_no
    where
        (totals.remainder between 0 and totals.n_lines and shares.weight <> 0)
        or (totals.remainder < 0 and shares.weight > 0)
        or (totals.remainder > totals.n_lines and shares.weight < 0)

)

select
    shares.subject_no,
    shares.file_no,
    shares.line_no,
    cast(
        coalesce(shares.whole, 0)
        + coalesce({{ floor_div('sharers.remainder', 'sharers.n_sharers') }}, 0)
        + case
            when
                sharers.rank_no <= sharers.remainder
                - {{ floor_div('sharers.remainder', 'sharers.n_sharers') }} * sharers.n_sharers
                then 1
            else 0
        end
        as bigint
    ) as points,
    case
        when shares.subject_no is null then 'NO_RULE'
        when shares.weight = 0 then coalesce(shares.reason, 'CORRECTED')
        else shares.reason
    end as reason
from shares
left join sharers
    on shares.subject_no = sharers.subject_no
    and shares.file_no = sharers.file_no
    and shares.line_no = sharers.line_no
