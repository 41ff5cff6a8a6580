"""Journals: how hledger, ledger and beancount want plain-text accounting written.

An account bears its path in the chart. What stands in it for an advocate or a merchant is
escaped, so that two names never become one:

    hledger, ledger   ASCII letters, digits, `.`, `_` and `-` stay; any other byte of UTF-8 is
                      `%` and two hex digits.
    beancount         ASCII letters, digits and `-` stay; any other character is `-x`, its
                      number in hex and `-`, and so is the `-` before an `x`. A name that begins
                      with neither a capital nor a digit has `X-x-` before it.

Debits are plus. Money is written in major units, exactly; points are whole.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from string import ascii_letters, ascii_uppercase, digits
from typing import ClassVar, NamedTuple

from tembaga.rulepack import MINOR_UNITS


@dataclass(frozen=True)
class Span:
    """What is exported: the transfers within it, after those before it."""

    title: str
    opens_on: date
    closes_on: date
    before: str
    within: str
    values: dict[str, object]
    last_batch_no: int | None = None  # None: all that was posted.


class Account(NamedTuple):
    """An account that the span knows, with what it held before and after it; debits are plus."""

    path: str
    chart_path: str
    unit: str
    opening: int
    closing: int


class Transfer(NamedTuple):
    """A transfer of the span, with the paths of its accounts."""

    transfer_no: int
    transaction_no: int
    batch_no: int
    rule: str
    unit: str
    amount: int
    event_on: date
    effective_on: date
    lot_no: int | None
    debit_path: str
    debit_chart_path: str
    credit_path: str
    credit_chart_path: str


class Journal:
    """How hledger wants it written; the other tools differ in parts of it."""

    comment: ClassVar[str] = ";"
    plain: ClassVar[frozenset[str]] = frozenset(ascii_letters + digits + "._-")

    def party(self, name: str) -> str:
        """The name of an advocate or a merchant as a part of an account's name."""
        return "".join(c if c in self.plain else _percent(c) for c in name)

    def unit(self, unit: str, span: Span) -> str:
        """Say that a unit will be used."""
        return f"commodity 1000.{'0' * MINOR_UNITS.get(unit, 0)} {unit}\n"

    def account(self, name: str, unit: str, span: Span) -> str:
        """Say that an account will be used."""
        return f"account {name}\n"

    def preamble(self) -> str:
        """What the tool has to be told before all else."""
        return ""

    def opening(self, unit: str, span: Span) -> str:
        """The heading of the opening balances of a unit; postings follow."""
        return f"\n{span.opens_on} opening balances of {unit}\n"

    def posting(self, name: str, amount: int, unit: str) -> str:
        """One posting."""
        return f"    {name}  {major(amount, unit)} {unit}\n"

    def transaction(self, first: Transfer) -> str:
        """The heading of a transaction; its postings follow."""
        about = f"; batch:{first.batch_no}, event:{first.event_on}"
        return f"\n{first.effective_on} ({first.transaction_no}) {first.rule}  {about}\n"

    def posted(self, transfer: Transfer, name: str, amount: int) -> str:
        """One posting of a transfer."""
        about = f"transfer:{transfer.transfer_no}, rule:{transfer.rule}"
        if transfer.lot_no is not None:
            about += f", lot:{transfer.lot_no}"
        return f"    {name}  {major(amount, transfer.unit)} {transfer.unit}  ; {about}\n"

    def closing(self, span: Span) -> str:
        """The heading of the assertions; they follow."""
        return f"\n{span.closes_on} closing balances\n"

    def asserted(self, name: str, amount: int, unit: str, span: Span) -> str:
        """Say what an account holds after the span, and nothing but that unit."""
        return f"    {name}  {major(0, unit)} {unit} == {major(amount, unit)} {unit}\n"


class LedgerJournal(Journal):
    """How ledger wants it: tags are declared and stand on lines of their own."""

    def preamble(self) -> str:
        return "".join(f"tag {tag}\n" for tag in ("batch", "event", "transfer", "rule", "lot"))

    def unit(self, unit: str, span: Span) -> str:
        return f"commodity {unit}\n"

    def transaction(self, first: Transfer) -> str:
        return (
            f"\n{first.effective_on} ({first.transaction_no}) {first.rule}\n"
            f"    ; batch: {first.batch_no}\n    ; event: {first.event_on}\n"
        )

    def posted(self, transfer: Transfer, name: str, amount: int) -> str:
        lot = "" if transfer.lot_no is None else f"    ; lot: {transfer.lot_no}\n"
        return (
            f"{self.posting(name, amount, transfer.unit)}"
            f"    ; transfer: {transfer.transfer_no}\n    ; rule: {transfer.rule}\n{lot}"
        )

    def asserted(self, name: str, amount: int, unit: str, span: Span) -> str:
        return f"    {name}  {major(0, unit)} {unit} = {major(amount, unit)} {unit}\n"


class BeancountJournal(Journal):
    """How beancount wants it: a date before everything, and balances as the next day begins."""

    plain: ClassVar[frozenset[str]] = frozenset(ascii_letters + digits + "-")

    def party(self, name: str) -> str:
        escaped = "".join(
            c if c in self.plain and name[at : at + 2] != "-x" else f"-x{ord(c):X}-"
            for at, c in enumerate(name)
        )
        starts_well = escaped[:1] in {*ascii_uppercase, *digits} - {""}
        return escaped if starts_well else f"X-x-{escaped}"

    def unit(self, unit: str, span: Span) -> str:
        return f"{span.opens_on} commodity {unit}\n"

    def account(self, name: str, unit: str, span: Span) -> str:
        return f"{span.opens_on} open {name} {unit}\n"

    def opening(self, unit: str, span: Span) -> str:
        return f'\n{span.opens_on} * "opening balances of {unit}"\n'

    def transaction(self, first: Transfer) -> str:
        return (
            f'\n{first.effective_on} * "{first.rule}"\n  transaction: {first.transaction_no}\n'
            f"  batch: {first.batch_no}\n  event: {first.event_on}\n"
        )

    def posting(self, name: str, amount: int, unit: str) -> str:
        return f"  {name}  {major(amount, unit)} {unit}\n"

    def posted(self, transfer: Transfer, name: str, amount: int) -> str:
        lot = "" if transfer.lot_no is None else f"    lot: {transfer.lot_no}\n"
        return (
            f"{self.posting(name, amount, transfer.unit)}"
            f'    transfer: {transfer.transfer_no}\n    rule: "{transfer.rule}"\n{lot}'
        )

    def closing(self, span: Span) -> str:
        return "\n"

    def asserted(self, name: str, amount: int, unit: str, span: Span) -> str:
        next_day = span.closes_on + timedelta(days=1)
        return f"{next_day} balance {name}  {major(amount, unit)} ~ 0 {unit}\n"


FORMATS: dict[str, Journal] = {
    "hledger": Journal(),
    "ledger": LedgerJournal(),
    "beancount": BeancountJournal(),
}


def major(amount: int, unit: str) -> str:
    """An amount of minor units in major ones, exactly."""
    places = MINOR_UNITS.get(unit, 0)
    if not places:
        return str(amount)
    whole, rest = divmod(abs(amount), 10**places)
    return f"{'-' if amount < 0 else ''}{whole}.{rest:0{places}}"


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())
