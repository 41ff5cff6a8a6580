-- Law 7: each subject has had its target, which is the whole points of its exact weight, so that
-- proposing it again proposes nothing (S0); other lots have no subject. Of two who claim together
-- each has had a share of these whole points (S13).
-- Looks at: ledger.lots

with

moved as (

    select
        transfers.subject_no,
        sum(
            case when debited.account_kind = 'issued_base' then transfers.amount else 0 end
            - case when credited.account_kind = 'issued_base' then transfers.amount else 0 end
        ) as points
    from ledger.transfers as transfers
    inner join ledger.accounts as debited on transfers.debit_account = debited.account_no
    inner join ledger.accounts as credited on transfers.credit_account = credited.account_no
    where transfers.subject_no is not null
    group by transfers.subject_no

),

claims as (

    select
        lots.lot_no,
        earners.advocate = documents.first_advocate as is_first,
        splits.share_divisor * cast(lots.divisor as decimal(38, 0)) as parts,
        (lots.weight - lots.weight % lots.divisor) * splits.first_share as firsts,
        (lots.weight - lots.weight % lots.divisor) * splits.second_share as seconds
    from ledger.documents as documents
    inner join ledger.lots as lots on documents.document_no = lots.document_no
    inner join ledger.advocates as earners on lots.earner_no = earners.advocate_no
    inner join ledger.splits as splits
        on lots.campaign_no = splits.campaign_no
        and lots.version_no = splits.version_no
    where documents.second_advocate <> '' and lots.origin = 'sale' and lots.weight >= 0

),

shares as (

    select
        lot_no,
        parts,
        case when is_first then firsts - firsts % parts else seconds - seconds % parts end
        + case
            when firsts % parts + seconds % parts < parts then 0
            when is_first = (firsts % parts >= seconds % parts) then parts
            else 0
        end as points
    from claims

)

select
    coalesce(lots.lot_no, moved.subject_no) as subject_no,
    lots.origin,
    lots.posted,
    moved.points as moved,
    lots.weight,
    lots.divisor
from ledger.lots as lots
full join moved on lots.lot_no = moved.subject_no
left join shares on lots.lot_no = shares.lot_no
where
    lots.lot_no is null
    or lots.posted <> coalesce(moved.points, 0)
    or (
        lots.origin = 'sale'
        and case
            when shares.lot_no is not null then lots.posted * shares.parts <> shares.points
            when lots.weight >= 0
                then cast(lots.posted as decimal(38, 0)) * lots.divisor > lots.weight
                or cast(lots.posted + 1 as decimal(38, 0)) * lots.divisor <= lots.weight
            else lots.posted <> 0
        end
    )
