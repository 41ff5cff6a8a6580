-- The files whose lines the batch posts.

select
    stg_batch.batch_no,
    batch_files.file_no
from {{ source('raw', 'batch_files') }} as batch_files
cross join {{ ref('stg_batch') }} as stg_batch
