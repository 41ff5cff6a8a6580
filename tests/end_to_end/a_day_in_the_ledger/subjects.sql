-- The subjects that the last batch touched.

select subject_no, document, document_date, advocate,
    cast(cast(weight as decimal(38, 2)) / divisor as decimal(18, 2)) as exact,
    target, posted, difference
from rating.batch_subjects
inner join ledger.documents using (document_no)
inner join ledger.advocates using (advocate_no)
order by subject_no
