-- What points are redeemed for, by the catalogue of the last batch.

select
    rewards.reward,
    partners.partner as merchant,
    partners.name as merchant_name,
    rewards.name_id,
    rewards.name_en,
    rewards.points,
    rewards.face_minor,
    rewards.currency,
    rewards.usable_days,
    rewards.deliver_to
from {{ source('raw', 'rewards') }} as rewards
inner join {{ source('raw', 'partners') }} as partners on rewards.partner_no = partners.partner_no
