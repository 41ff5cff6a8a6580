-- Law 1: the amount is positive, both accounts exist and bear the unit, the rule allows them,
-- and a transfer that touches a lot names it.
-- Looks at: ledger.transfers

select
    transfers.transfer_no,
    transfers.rule,
    transfers.leg,
    transfers.unit,
    transfers.debit_account,
    transfers.credit_account,
    transfers.amount
from ledger.transfers as transfers
left join ledger.accounts as debited
    on transfers.debit_account = debited.account_no
    and transfers.unit = debited.unit
left join ledger.accounts as credited
    on transfers.credit_account = credited.account_no
    and transfers.unit = credited.unit
left join rules.posting_rules as posting_rules
    on transfers.rule = posting_rules.rule
    and transfers.leg = posting_rules.leg
    and debited.account_kind = posting_rules.debit_kind
    and credited.account_kind = posting_rules.credit_kind
where
    posting_rules.rule is null
    or transfers.amount <= 0
    or transfers.debit_account = transfers.credit_account
    or (
        transfers.lot_no is null
        and (
            debited.account_kind in ('pending', 'available', 'held')
            or credited.account_kind in ('pending', 'available', 'held')
        )
    )
