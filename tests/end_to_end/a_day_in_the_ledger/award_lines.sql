-- The lines of a batch with their points, and the points that they would have had unrounded.

with lines as (
    select file_no, line_no,
        cast(cast(weight as decimal(38, 2)) / divisor as decimal(18, 2)) as exact
    from rating.batch_lines
)
select awards.line_no, awards.subject_no, awards.document, awards.sku, lines.exact,
    cast(floor(lines.exact) as bigint) as whole, lines.exact - floor(lines.exact) as remainder,
    awards.points, awards.reason
from marts.fct_award_lines as awards
inner join lines using (file_no, line_no)
where awards.batch_no = $batch_no order by awards.line_no
