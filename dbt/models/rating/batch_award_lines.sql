-- Each accepted line with the points that it brought to each subject in this batch, or why it
-- brought none. The difference of a subject is shared out over its lines by the largest
-- remainder; ties go to the lowest line (S1).
--
-- Where more was returned than sold, the target stays at zero: what the returns did not take
-- is left out of their lines, and what a later sale does not bring out of its own.
--
-- A line that two claim brings each of them the part of its weight that is their share (S13).

with

lines as (

    select
        file_no,
        line_no,
        document_no,
        earner_no,
        divisor,
        weight,
        reason,
        false as is_shared
    from {{ ref('batch_lines') }}
    where is_alone

    union all

    select
        lines.file_no,
        lines.line_no,
        lines.document_no,
        lines.earner_no,
        min(lines.divisor * case when lines.share_no > 0 then versions.share_divisor else 1 end)
            as divisor,
        sum(
            lines.weight * case lines.share_no
                when 1 then versions.first_share
                when 2 then versions.second_share
                else 1
            end
        ) as weight,
        min(lines.reason) as reason,
        max(lines.share_no) > 0 as is_shared
    from {{ ref('batch_lines') }} as lines
    left join {{ source('raw', 'versions') }} as versions
        on lines.campaign_no = versions.campaign_no
        and lines.version_no = versions.version_no
    where not lines.is_alone
    group by lines.file_no, lines.line_no, lines.document_no, lines.earner_no

),

shares as (

    select
        lines.file_no,
        lines.line_no,
        lines.reason,
        lines.is_shared,
        case when lines.weight > 0 then 1 when lines.weight < 0 then -1 else 0 end as sign,
        subjects.subject_no,
        subjects.difference,
        lines.weight,
        lines.divisor,
        cast({{ floor_div('lines.weight', 'lines.divisor') }} as bigint) as whole
    from lines
    inner join {{ ref('batch_subjects') }} as subjects
        on lines.document_no = subjects.document_no
        and lines.earner_no = subjects.earner_no

),

fractions as (

    select
        subject_no,
        file_no,
        line_no,
        reason,
        sign,
        is_shared,
        difference,
        whole,
        cast(weight - {{ wide('whole') }} * divisor as bigint) as fraction
    from shares

),

counted as (

    select
        fractions.*,
        difference - sum(whole) over subject as remainder,
        count(case when sign = 1 then 1 end) over subject as n_adding,
        count(case when sign = -1 then 1 end) over subject as n_taking,
        count(case when sign = 1 then 1 end) over up_to_it as nth_adding,
        count(case when sign = -1 then 1 end) over up_to_it as nth_taking
    from fractions
    -- One order for both, so that the lines are sorted once.
    window
        subject as (
            partition by subject_no order by fraction desc, file_no, line_no
            rows between unbounded preceding and unbounded following
        ),
        up_to_it as (
            partition by subject_no order by fraction desc, file_no, line_no
            rows between unbounded preceding and current row
        )

),

-- Who takes part in the remainder: every line that brings or takes something (0), only those that
-- bring (1), or only those that take (-1).
parted as (

    select
        counted.*,
        case
            -- The share of whole points may lie up to two beside that of a line's exact ones.
            when is_shared and remainder between -2 and n_adding + n_taking + 2 then 0
            when remainder < 0 then 1
            when remainder > n_adding + n_taking then -1
            else 0
        end as sharers_sign
    from counted

),

sharers as (

    select
        subject_no,
        file_no,
        line_no,
        sign,
        reason,
        whole,
        remainder,
        case sharers_sign when 0 then sign <> 0 else sign = sharers_sign end as is_sharer,
        case sharers_sign
            when 1 then n_adding
            when -1 then n_taking
            else n_adding + n_taking
        end as n_sharers,
        case sharers_sign
            when 1 then nth_adding
            when -1 then nth_taking
            else nth_adding + nth_taking
        end as rank_no
    from parted

)

select
    subject_no,
    file_no,
    line_no,
    cast(
        case
            when not is_sharer then whole
            else
                whole
                + {{ floor_div('remainder', 'n_sharers') }}
                + case
                    when rank_no <= remainder - {{ floor_div('remainder', 'n_sharers') }} * n_sharers
                        then 1
                    else 0
                end
        end
        as bigint
    ) as points,
    case
        when sign = 0 then coalesce(reason, 'CORRECTED')
        else reason
    end as reason
from sharers

union all

-- No version of the rates was in force, for this line nor for another one of its document.
select distinct
    subjects.subject_no,
    lines.file_no,
    lines.line_no,
    cast(0 as bigint) as points,
    'NO_RULE' as reason
from {{ ref('batch_lines') }} as lines
left join {{ ref('batch_subjects') }} as subjects
    on lines.document_no = subjects.document_no
    and lines.earner_no = subjects.earner_no
where lines.divisor is null and subjects.subject_no is null
