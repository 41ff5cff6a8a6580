"""The statement of one advocate: where the points stand, and every step that led there.

    opening + movements = closing      for each account, printed
      a movement leads to the lines of the sales files that made it

A statement covers the batches after the advocate's previous one, up to its closing batch.
It is built only if it foots: otherwise it is not made, and the sentence says where it fails.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from tembaga.marts import Batch, Books, DatedPoints
from tembaga.movements import ACCOUNTS, Names, Row, rows_by_account

DAYS_LISTED = 6  # Of coming expiries and maturities; what falls later is one sum.


class StatementError(Exception):
    """The books do not allow a statement; the sentence names advocate and account."""


@dataclass(frozen=True)
class Party:
    """The advocate to whom a statement is addressed."""

    advocate: str
    name: str
    language: str


@dataclass(frozen=True)
class Span:
    """What a statement covers, and where the one before it closed."""

    statement_no: int
    starts_on: date
    ends_on: date
    first_batch_no: int
    closing: Batch
    previous: Mapping[str, int] | None


@dataclass(frozen=True)
class Account:
    """An account from opening to closing."""

    name: str
    opening: int
    rows: tuple[Row, ...]
    closing: int

    @property
    def movements(self) -> int:
        """What all the rows come to."""
        return sum(row.amount for row in self.rows)


@dataclass(frozen=True)
class Voucher:
    """A voucher issued in the period."""

    reward: str
    merchant: str
    code: str
    face_minor: int
    currency: str
    usable_until: date
    deliver_to: str


@dataclass(frozen=True)
class Due:
    """Points that fall due, day by day, and the sum of what comes after the days listed."""

    days: tuple[tuple[date, int], ...]
    later: int
    never: int


@dataclass(frozen=True)
class Statement:
    """Everything that a statement says, in numbers and names; the words come with a language."""

    party: Party
    span: Span
    accounts: tuple[Account, ...]
    vouchers: tuple[Voucher, ...]
    expiring: Due
    maturing: Due

    @property
    def closing(self) -> dict[str, int]:
        """Points by account at the close, which the next statement opens with."""
        closing = {account.name: account.closing for account in self.accounts}
        return {name: closing.get(name, 0) for name in ACCOUNTS}


def build(
    party: Party, span: Span, books: Books, *, vouchers: Iterable[Voucher], names: Names
) -> Statement:
    """Make the statement of one advocate out of its books.

    Raises:
        StatementError: It does not open where the previous one closed, does not foot, or the
            lots that it lists are not what stands on the accounts.
    """
    rows = rows_by_account(books, starts_on=span.starts_on, names=names)
    opening = {balance.account: balance.opening for balance in books.balances}
    closing = {balance.account: balance.closing for balance in books.balances}
    accounts = tuple(
        Account(name, opening.get(name, 0), rows[name], closing.get(name, 0)) for name in ACCOUNTS
    )
    statement = Statement(
        party,
        span,
        accounts=tuple(account for account in accounts if _is_shown(account)),
        vouchers=tuple(vouchers),
        expiring=_due(books.lots, "available"),
        maturing=_due(books.lots, "pending"),
    )
    if faults := list(_faults(accounts, span, books.lots)):
        raise StatementError(f"{party.advocate}: " + "; ".join(faults))
    return statement


def _is_shown(account: Account) -> bool:
    return account.name != "arrears" or account.opening != 0 or bool(account.rows)


def _faults(accounts: Sequence[Account], span: Span, lots: list[DatedPoints]) -> Iterator[str]:
    for account in accounts:
        name, opening = account.name, account.opening
        if span.previous is not None and opening != (before := span.previous.get(name, 0)):
            yield f"{name} opens with {opening}, but the previous statement closed with {before}"
        if opening + account.movements != account.closing:
            yield (
                f"{name} opens with {opening}, moves by {account.movements} "
                f"and closes with {account.closing}"
            )
        in_lots = sum(lot.points for lot in lots if lot.account == name)
        if name in ("available", "pending") and in_lots != account.closing:
            yield f"{name} closes with {account.closing}, but its lots hold {in_lots}"


def _due(lots: list[DatedPoints], account: str) -> Due:
    """The next days on which points of the account's lots fall due; `lots` is in their order."""
    mine = [lot for lot in lots if lot.account == account]
    dated = [(lot.falls_on, lot.points) for lot in mine if lot.falls_on is not None]
    return Due(
        days=tuple(dated[:DAYS_LISTED]),
        later=sum(points for _, points in dated[DAYS_LISTED:]),
        never=sum(lot.points for lot in mine if lot.falls_on is None),
    )
