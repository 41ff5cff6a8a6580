-- The touched lots after arrears were repaid and the pending period was over for some (S6).
-- The expiry of a lot is fixed when it first becomes available (S7).

with

after_repayment as (

    select
        lots_after_sales.*,
        lots_after_sales.pending - coalesce(repayments.amount, 0) as still_pending,
        lots_after_sales.matures_on <= stg_batch.as_of and stg_batch.kind = 'day' as is_due
    from {{ ref('lots_after_sales') }} as lots_after_sales
    cross join {{ ref('stg_batch') }} as stg_batch
    left join {{ ref('repayments') }} as repayments on lots_after_sales.lot_no = repayments.lot_no

)

select
    after_repayment.lot_no,
    after_repayment.advocate_no,
    after_repayment.earner_no,
    after_repayment.document_no,
    after_repayment.campaign_no,
    after_repayment.version_no,
    after_repayment.divisor,
    after_repayment.weight,
    after_repayment.posted,
    after_repayment.clipped,
    after_repayment.earned_on,
    after_repayment.matures_on,
    case
        when after_repayment.is_due and after_repayment.still_pending > 0
            then coalesce(
                after_repayment.expires_on,
                {{ expiry_of(
                    'after_repayment.matures_on', 'stg_programme.expiry_months',
                    'stg_programme.expiry_round_up'
                ) }}
            )
        else after_repayment.expires_on
    end as expires_on,
    case when after_repayment.is_due then 0 else after_repayment.still_pending end as pending,
    case when after_repayment.is_due then after_repayment.still_pending else 0 end as matured,
    after_repayment.available
    + case when after_repayment.is_due then after_repayment.still_pending else 0 end as available,
    after_repayment.held,
    after_repayment.expired,
    after_repayment.origin,
    after_repayment.uncap
from after_repayment
cross join {{ ref('stg_programme') }} as stg_programme
