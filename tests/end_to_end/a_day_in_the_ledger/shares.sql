-- How the differences of the last batch are shared out over lines.

with lines as (
    select document_no, earner_no,
        cast(floor(cast(weight as decimal(38, 2)) / divisor) as bigint) as whole
    from rating.batch_lines
)
select subject_no, difference, count(*) as lines, cast(sum(whole) as bigint) as whole,
    difference - cast(sum(whole) as bigint) as missing
from rating.batch_subjects
inner join lines using (document_no, earner_no)
group by subject_no, difference
order by subject_no
