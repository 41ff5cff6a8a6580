-- Opening balances of the batch: what advocates bring from before. Negative ones are arrears.

select
    opening_balances.file_no,
    opening_balances.line_no,
    opening_balances.points,
    opening_balances.earned_on,
    opening_balances.expires_on,
    coalesce(merges.into_advocate_no, advocates.advocate_no) as advocate_no
from {{ source('raw', 'opening_balances') }} as opening_balances
inner join {{ source('raw', 'batch_files') }} as batch_files
    on opening_balances.file_no = batch_files.file_no
inner join (
    select advocate_no, advocate from {{ ref('advocates') }}
    union all
    select advocate_no, advocate from {{ ref('batch_advocates') }}
) as advocates
    on opening_balances.advocate = advocates.advocate
left join {{ ref('merges') }} as merges on advocates.advocate_no = merges.advocate_no
