"""What comes into a batch, as the oracle and the bookkeeper of the tests both take it.

Each is one line of a file; a file and the line in it are given when it is written down.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

Place = tuple[int, int]  # A file and a line in it.
NOWHERE: Place = (0, 0)


@dataclass(frozen=True)
class Line:
    """A line of a distributor: a sale, or a return if the quantity is negative (S11, S13)."""

    advocate: str
    document: str
    on: date
    amount_e4: int
    quantity_e4: int = 10_000
    sku: str = "ANY"
    line_ref: str = "1"
    returns_document: str | None = None
    action: str | None = None  # replace or void
    version: int | None = None
    unit: str | None = None
    tax_basis: str | None = None
    second_advocate: str | None = None  # Who shares its points (S13).
    place: Place = NOWHERE

    feed = "sales"

    @property
    def key(self) -> tuple[str, date, str]:
        """What makes two lines the same line."""
        return (self.document, self.on, self.line_ref)


@dataclass(frozen=True)
class Request:
    """Somebody asks for one reward."""

    request_id: str
    advocate: str
    reward: str
    on: date
    at: str = ""  # UTC; by default in the middle of the day.
    place: Place = NOWHERE

    feed = "requests"

    @property
    def requested_at(self) -> str:
        return self.at or f"{self.on}T05:00:00Z"


@dataclass(frozen=True)
class Cancellation:
    """A request is taken back, wholly or in part; it is named by its id."""

    request_id: str
    on: date
    points: int | None = None
    cause: str = "member"
    place: Place = NOWHERE

    feed = "cancellations"


@dataclass(frozen=True)
class Adjustment:
    """Points given or taken by the office."""

    advocate: str
    points: int
    on: date
    approval_no: int = 1
    place: Place = NOWHERE

    feed = "adjustments"


@dataclass(frozen=True)
class OpeningBalance:
    """A legacy lot, or legacy arrears if the points are negative."""

    advocate: str
    points: int
    earned_on: date
    expires_on: date | None = None
    place: Place = NOWHERE

    feed = "opening_balances"


@dataclass(frozen=True)
class Merge:
    """One advocate becomes another."""

    advocate: str
    into: str
    place: Place = NOWHERE

    feed = "merges"


@dataclass(frozen=True)
class Reversal:
    """A batch is taken back as a whole."""

    batch_no: int
    place: Place = NOWHERE

    feed = "reversals"


Input = Line | Request | Cancellation | Adjustment | OpeningBalance | Merge | Reversal

FEEDS_OF_A_DAY = ("sales", "requests", "cancellations", "adjustments")
FEEDS_OF_THEIR_OWN = ("opening_balances", "merges", "reversals")


@dataclass(frozen=True)
class Judged:
    """A line with what loading said of it, and the line that it corrects."""

    line: Line
    outcome: str = "accepted"  # or duplicate, or held
    code: str | None = None
    replaces: Place | None = None


@dataclass
class Day:
    """What goes into the batch of a day."""

    as_of: date
    lines: Sequence[Judged] = ()
    requests: Sequence[Request] = ()
    cancellations: Sequence[Cancellation] = ()
    adjustments: Sequence[Adjustment] = ()
    issued: Sequence[str] = field(default=())  # Requests whose voucher was delivered.
    orders: Sequence[tuple[str, str]] = ()  # Standing orders: an advocate and a reward.
    open_from: date = date.min


def placed(item: Input, place: Place) -> Input:
    """The same, at a place."""
    return replace(item, place=place)
