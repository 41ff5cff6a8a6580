"""Settlement: what a merchant has claimed, what of it is payable, and what was paid (S17).

    issued - cancelled - expired - payable = outstanding
    claimed - disputed                     = payable
    payable - paid - discount              = unpaid

The first and the last line are added up from the transfers, the middle one from the merchant's
papers. That both say the same of `payable` is a law of the books.
"""

from collections import defaultdict
from typing import Any

from sqlalchemy import Connection, text

from tembaga.journals import major
from tembaga.questions import Answer, Point, QuestionError

COLUMNS = ("what", "code", "count", "amount", "currency")

MERCHANT = "select partner_no from raw.partners where partner = :merchant and kind = 'merchant'"
CURRENCY = "select currency from raw.programme"

ISSUED = """
select count(*), cast(coalesce(sum(transfers.amount), 0) as bigint)
from ledger.issues as issues
inner join ledger.requests as requests on issues.request_no = requests.request_no
inner join ledger.transfers as transfers
    on issues.transaction_no = transfers.transaction_no
    and transfers.leg = 2
where requests.partner_no = :partner_no and issues.batch_no <= :batch_no
"""

# Every rule that debits an account of the merchant.
MOVED = """
select transfers.rule, transfers.leg, count(*), cast(sum(transfers.amount) as bigint)
from ledger.transfers as transfers
inner join ledger.accounts as accounts on transfers.debit_account = accounts.account_no
where accounts.partner_no = :partner_no and transfers.batch_no <= :batch_no
group by transfers.rule, transfers.leg
"""

# Vouchers of which a cancellation has left nothing.
CANCELLED = """
select count(*)
from ledger.issues as issues
inner join ledger.requests as requests on issues.request_no = requests.request_no
inner join (
    select request_no, sum(amount) as points
    from ledger.restores
    where batch_no <= :batch_no
    group by request_no
) as restored
    on requests.request_no = restored.request_no
    and requests.points = restored.points
where requests.partner_no = :partner_no and issues.batch_no <= :batch_no
"""

CLAIMED = """
select coalesce(declined.code, ''), count(*), cast(sum(claims.amount_minor) as bigint)
from raw.claims as claims
inner join ledger.files as files on claims.file_no = files.file_no
left join ledger.declined as declined
    on claims.file_no = declined.file_no
    and claims.line_no = declined.line_no
where claims.merchant = :merchant and files.batch_no <= :batch_no
group by coalesce(declined.code, '')
"""


def settlement(connection: Connection, merchant: str, seen: Point) -> Answer:
    """The settlement of a merchant, in vouchers and in money, as it was known at a batch.

    Raises:
        QuestionError: No merchant of that name is in the ledger.
    """
    partner_no = connection.scalar(text(MERCHANT), {"merchant": merchant})
    if partner_no is None:
        raise QuestionError(
            f"{merchant} is no merchant of the ledger. Merchants are written as their folders "
            "under sftp_inbound/."
        )
    asked = {"merchant": merchant, "partner_no": partner_no, "batch_no": seen.batch_no}
    moved: dict[tuple[str, int], tuple[int, int]] = defaultdict(lambda: (0, 0))
    moved |= {
        (rule, leg): (count, amount) for rule, leg, count, amount in _ask(connection, MOVED, asked)
    }
    claimed = {code: (count, amount) for code, count, amount in _ask(connection, CLAIMED, asked)}
    [issued] = ((count, amount) for count, amount in _ask(connection, ISSUED, asked))
    [[n_cancelled]] = _ask(connection, CANCELLED, asked)
    cancelled = (n_cancelled, moved["cancel", 2][1])
    used, expired = moved["use", 1], moved["voucher_expire", 1]
    paid, discount = moved["settle", 1], moved["settle", 2]
    rows: list[tuple[str, str | None, int | None, int]] = [
        ("issued", None, *issued),
        ("cancelled", None, *cancelled),
        ("expired", None, *expired),
        ("outstanding", None, *_less(issued, cancelled, expired, used)),
        ("claimed", None, *_sum(claimed.values())),
        *(("disputed", code, *claimed[code]) for code in sorted(claimed) if code),
        ("payable", None, *used),
        ("paid", None, *paid),
        ("discount", None, *discount),
        ("unpaid", None, None, used[1] - paid[1] - discount[1]),
    ]
    currency = str(connection.scalar(text(CURRENCY)))
    told = [
        (what, code, count, major(amount, currency), currency) for what, code, count, amount in rows
    ]
    return Answer(f"Settlement of {merchant}, {seen.words}", COLUMNS, told)


def _ask(connection: Connection, query: str, values: dict[str, Any]) -> list[Any]:
    asked = {name: value for name, value in values.items() if f":{name}" in query}
    return list(connection.execute(text(query), asked).all())


def _sum(parts: Any) -> tuple[int, int]:
    counts = list(parts)
    return sum(count for count, _ in counts), sum(amount for _, amount in counts)


def _less(whole: tuple[int, int], *parts: tuple[int, int]) -> tuple[int, int]:
    count, amount = _sum(parts)
    return whole[0] - count, whole[1] - amount
