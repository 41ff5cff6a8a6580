"""Movements as a reader sees them: a row for each purpose, with the sales lines it stems from.

Every line of the span stands under exactly one row. Lines that moved nothing have a row of
their own, so that nobody asks where an invoice has gone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from tembaga.marts import AwardLine, Books, Movement

ACCOUNTS = ("available", "pending", "held", "arrears")

# The rules that give or take the points of sales lines; the others only move them.
AWARDING = frozenset({"earn", "return_pending", "return_available", "return_spent"})
NO_POINTS = "no_points"  # Lines that left the points as they were: netted, or too small.

Key = tuple[int, object]  # A batch, and what its lines have in common.


@dataclass(frozen=True)
class Line:
    """A line of a sales file under the movement that it made."""

    document: str | None  # None: the one that the movement names.
    document_date: date
    product: str
    quantity_e4: int
    amount_e4: int
    currency: str
    points: int
    reason: str | None  # Why it earns nothing.


@dataclass(frozen=True)
class Row:
    """One movement as a reader sees it: all that one purpose did to an account on a day."""

    on: date
    event_on: date
    rule: str
    amount: int
    partner: str | None
    document: str | None
    document_date: date | None
    reward: str | None
    is_late: bool
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Names:
    """What readers call things: products, partners and rewards."""

    products: Mapping[str, str]
    partners: Mapping[str, str]
    rewards: Mapping[str, str]


def rows_by_account(books: Books, *, starts_on: date, names: Names) -> dict[str, tuple[Row, ...]]:
    """The rows of each account; each sales line under the first row that it had a part in."""
    untold = _lines_by_subject(books.lines)
    rows: dict[str, list[Row]] = {}
    for name in ACCOUNTS:
        groups: dict[tuple[object, ...], list[Movement]] = {}
        for movement in books.movements:
            if movement.account == name:
                groups.setdefault(_purpose(movement), []).append(movement)
        rows[name] = [
            _row(group, _lines_of(group, untold), starts_on, names) for group in groups.values()
        ]
    rows["pending"] += [
        _row([_nothing_moved(lines, starts_on)], lines, starts_on, names)
        for lines in untold.values()
    ]
    return {name: tuple(sorted(listed, key=lambda row: row.on)) for name, listed in rows.items()}


def _lines_by_subject(lines: Iterable[AwardLine]) -> dict[Key, list[AwardLine]]:
    """Lines by batch and subject, those that are not rated with the others of their document.

    A document of which no line is rated has no subject, and is its own key.
    """
    documents = {line: (line.partner, line.document, line.document_date) for line in lines}
    subjects = {
        (line.batch_no, document): line.subject_no
        for line, document in documents.items()
        if line.subject_no is not None
    }
    found: dict[Key, list[AwardLine]] = {}
    for line, document in documents.items():
        subject = line.subject_no or subjects.get((line.batch_no, document))
        found.setdefault((line.batch_no, subject or document), []).append(line)
    return found


def _purpose(movement: Movement) -> tuple[object, ...]:
    """Movements that agree in all of this are one row to a reader."""
    return (
        movement.rule,
        movement.event_on,
        movement.effective_on,
        movement.partner,
        movement.document,
        movement.document_date,
        movement.reward,
        movement.request_no,
    )


def _lines_of(group: list[Movement], untold: dict[Key, list[AwardLine]]) -> list[AwardLine]:
    """Take the lines that these movements stem from, unless a row before has told of them."""
    if group[0].rule not in AWARDING:
        return []
    keys = dict.fromkeys((movement.batch_no, movement.subject_no) for movement in group)
    return [line for key in keys for line in untold.pop(key, [])]


def _nothing_moved(lines: list[AwardLine], starts_on: date) -> Movement:
    """Stand in for the movement that lines would have made: netted, too small, or not rated."""
    line = lines[0]
    return Movement(
        advocate=line.advocate,
        batch_no=line.batch_no,
        transfer_no=0,
        account="pending",
        rule=NO_POINTS,
        event_on=line.document_date,
        effective_on=max(line.document_date, starts_on),
        amount=0,
        subject_no=line.subject_no,
        partner=line.partner,
        document=line.document,
        document_date=line.document_date,
        reward=None,
        request_no=None,
    )


def _row(group: list[Movement], lines: list[AwardLine], starts_on: date, names: Names) -> Row:
    first = group[0]
    return Row(
        on=first.effective_on,
        event_on=first.event_on,
        rule=first.rule,
        amount=sum(movement.amount for movement in group),
        partner=names.partners.get(first.partner, first.partner) if first.partner else None,
        document=first.document,
        document_date=first.document_date,
        reward=names.rewards.get(first.reward, first.reward) if first.reward else None,
        is_late=first.event_on < starts_on,
        lines=tuple(_line(line, first.document, names) for line in lines),
    )


def _line(line: AwardLine, document: str | None, names: Names) -> Line:
    return Line(
        document=None if line.document == document else line.document,
        document_date=line.document_date,
        product=names.products.get(line.sku, line.sku),
        quantity_e4=line.quantity_e4,
        amount_e4=line.amount_e4,
        currency=line.currency,
        points=line.points,
        reason=line.reason,
    )
