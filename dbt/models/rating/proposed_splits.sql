-- The versions that the batch is the first to use, with the shares of two who claim together: from
-- now on they stay (S13).

select
    used.campaign_no,
    used.version_no,
    versions.first_share,
    versions.second_share,
    versions.share_divisor,
    stg_batch.batch_no
from (
    select distinct
        campaign_no,
        version_no
    from {{ ref('used_rates') }}
) as used
inner join {{ source('raw', 'versions') }} as versions
    on used.campaign_no = versions.campaign_no
    and used.version_no = versions.version_no
cross join {{ ref('stg_batch') }} as stg_batch
left join {{ ref('splits') }} as splits
    on used.campaign_no = splits.campaign_no
    and used.version_no = splits.version_no
where splits.version_no is null
