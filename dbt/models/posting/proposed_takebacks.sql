-- What returns of the batch took back of which sold lines, and what corrections changed in that.

select
    stg_batch.batch_no,
    changes.file_no,
    changes.line_no,
    changes.of_file_no,
    changes.of_line_no,
    changes.quantity_e4,
    changes.amount_e4
from (
    select file_no, line_no, of_file_no, of_line_no, quantity_e4, amount_e4
    from {{ ref('corrected_takebacks') }}
    union all
    select file_no, line_no, of_file_no, of_line_no, quantity_e4, amount_e4
    from {{ ref('matched_returns') }}
) as changes
cross join {{ ref('stg_batch') }} as stg_batch
