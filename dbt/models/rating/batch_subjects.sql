-- Each subject (document x earner) that the batch touches: its target, and what is posted.
--
--   target      what it should have by all its accepted lines: floor(weight / divisor), once
--   posted      what it has had so far
--   difference  what this batch posts; after it, target = posted (S0)
--
-- Two who claim together are two subjects of one weight. Its whole points are shared out over
-- them by the largest remainder; what their shares leave is nobody's (S13).
--
-- The earner is the advocate whom the lines name; the points are those of the owner, who is
-- another one after a merge (S23).

with

touched as (

    select
        document_no,
        earner_no,
        campaign_no,
        version_no,
        divisor,
        max(share_no) as share_no,
        min(earned_on) as earned_on,
        max(event_on) as event_on,
        sum(weight) as weight
    from {{ ref('batch_lines') }}
    where divisor is not null
    group by document_no, earner_no, campaign_no, version_no, divisor

),

with_state as (

    select
        touched.document_no,
        touched.earner_no,
        coalesce(lots.advocate_no, merges.into_advocate_no, touched.earner_no) as advocate_no,
        touched.campaign_no,
        touched.version_no,
        touched.divisor,
        touched.share_no,
        touched.event_on,
        touched.earned_on,
        lots.lot_no as known_lot_no,
        lots.expires_on,
        -- A rate that was added to the version may have made its divisor a multiple of what it was.
        touched.weight
        + coalesce({{ wide('lots.weight') }} * {{ floor_div('touched.divisor', 'lots.divisor') }}, 0)
            as weight,
        coalesce(lots.posted, 0) as posted,
        coalesce(lots.clipped, 0) as clipped,
        coalesce(lots.pending, 0) as pending,
        coalesce(lots.available, 0) as available,
        coalesce(lots.held, 0) as held,
        coalesce(lots.expired, 0) as expired,
        coalesce(
            lots.matures_on,
            {{ days_after('touched.earned_on', 'stg_programme.pending_days') }}
        ) as matures_on
    from touched
    cross join {{ ref('stg_programme') }} as stg_programme
    left join {{ ref('lots') }} as lots
        on touched.document_no = lots.document_no
        and touched.earner_no = lots.earner_no
    left join {{ ref('merges') }} as merges on touched.earner_no = merges.advocate_no

),

last_number as (

    select coalesce(max(lot_no), 0) as lot_no from {{ ref('lots') }}

),

numbered as (

    select
        with_state.*,
        coalesce(
            with_state.known_lot_no,
            (select lot_no from last_number) + row_number() over (
                partition by with_state.known_lot_no is null
                order by with_state.document_no, with_state.earner_no
            )
        ) as subject_no,
        cast(
            greatest({{ floor_div('with_state.weight', 'with_state.divisor') }}, 0) as bigint
        ) as whole
    from with_state

),

shared as (

    select
        numbered.*,
        versions.share_divisor,
        case when numbered.share_no > 0 then {{ wide('numbered.whole') }} * versions.first_share end
            as firsts,
        case when numbered.share_no > 0 then {{ wide('numbered.whole') }} * versions.second_share end
            as seconds
    from numbered
    left join {{ source('raw', 'versions') }} as versions
        on numbered.campaign_no = versions.campaign_no
        and numbered.version_no = versions.version_no

),

aimed as (

    select
        shared.*,
        cast(
            case
                when share_no > 0
                    then
                        {{ floor_div(
                            'case share_no when 1 then firsts else seconds end', 'share_divisor'
                        ) }}
                        + case
                            when firsts % share_divisor + seconds % share_divisor < share_divisor
                                then 0
                            when firsts % share_divisor >= seconds % share_divisor
                                then case share_no when 1 then 1 else 0 end
                            else case share_no when 2 then 1 else 0 end
                        end
                else whole
            end
            as bigint
        ) as target
    from shared

)

select
    subject_no,
    document_no,
    earner_no,
    advocate_no,
    campaign_no,
    version_no,
    divisor,
    share_no,
    weight,
    earned_on,
    event_on,
    matures_on,
    expires_on,
    target,
    posted,
    target - posted as difference,
    clipped,
    pending,
    available,
    held,
    expired
from aimed
