-- Rewards that the request files of the batch ask for, in the order in which they are served
-- (S17); or why one cannot be.

select
    requests.file_no,
    requests.line_no,
    requests.request_id,
    requests.requested_on,
    coalesce(merges.into_advocate_no, advocates.advocate_no) as advocate_no,
    rewards.reward,
    rewards.points,
    case when rewards.reward is null then 'E_REWARD_UNKNOWN' end as code,
    row_number() over (
        partition by
            coalesce(merges.into_advocate_no, advocates.advocate_no),
            rewards.reward is null
        order by
            {{ binary_order('requests.requested_at') }},
            {{ binary_order('requests.request_id') }},
            requests.file_no,
            requests.line_no
    ) as nth
from {{ source('raw', 'requests') }} as requests
inner join {{ source('raw', 'batch_files') }} as batch_files
    on requests.file_no = batch_files.file_no
left join {{ source('raw', 'rewards') }} as rewards on requests.reward = rewards.reward
inner join (
    select advocate_no, advocate from {{ ref('advocates') }}
    union all
    select advocate_no, advocate from {{ ref('batch_advocates') }}
) as advocates
    on requests.advocate = advocates.advocate
left join {{ ref('merges') }} as merges on advocates.advocate_no = merges.advocate_no
