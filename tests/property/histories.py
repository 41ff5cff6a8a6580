"""Random histories of a group of three advocates, drawn by Hypothesis, the same for a seed.

A history says what comes to its group before each batch. Requests are cancelled and issued by
their rank among those that the oracle has then accepted; `resolved` gives them their names.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.internal.cache import LRUCache
from hypothesis.internal.conjecture import providers

from tests.property.inputs import (
    Adjustment,
    Cancellation,
    Input,
    Line,
    Merge,
    OpeningBalance,
    Request,
)
from tests.property.oracle import Books
from tests.property.side_by_side import Doings

FIRST_DAY = date(2025, 12, 25)  # Before the first version of the rates.
GAPS = (27, 14, 7, 19, 45, 35, 100, 30, 3, 1, 16, 60, 12, 5, 33)
REWARDS = ("r50", "r120")
SKUS = ("TIN", "TIN", "GOLD", "OIL")
KINDS = (
    ["sale"] * 26
    + ["late sale"] * 4
    + ["return"] * 16
    + ["blind return"] * 6
    + ["stray return"] * 2
    + ["early return"] * 2
    + ["replace"] * 7
    + ["void"] * 3
    + ["resend"] * 3
    + ["conflict"]
    + ["request"] * 12
    + ["late request"] * 5
    + ["cancel"] * 8
    + ["issue"] * 6
    + ["adjust"] * 5
)


@dataclass(frozen=True)
class CancelRank:
    """The cancellation of one of the requests that there are."""

    rank: int
    on: date
    points: int | None
    cause: str


@dataclass(frozen=True)
class Issue:
    """A voucher of one of the open requests is delivered; by rank, or by its name."""

    rank: int = 0
    request_id: str | None = None


Operation = Input | CancelRank | Issue


@dataclass
class History:
    """What comes to one group before each batch."""

    group: str
    batches: list[list[Operation]]
    orders: dict[str, str] = field(default_factory=dict)


def days(n_batches: int) -> list[date]:
    """The days of the batches, the same for all histories: some follow soon, some late."""
    found, day = [], FIRST_DAY
    for nth in range(n_batches):
        day += timedelta(days=GAPS[nth % len(GAPS)])
        found.append(day)
    return found


def history_of(number: int, n_batches: int, n_operations: int) -> History:
    """The history of a seed."""
    drawn: list[History] = []

    @seed(number)
    @settings(
        max_examples=2,  # The first that Hypothesis tries is always the simplest one.
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(histories(f"H{number}", n_batches, n_operations))
    def draw(history: History) -> None:
        drawn.append(history)

    with _no_constants_of_the_program():
        draw()
    return drawn[-1]


@contextmanager
def _no_constants_of_the_program() -> Iterator[None]:
    """Hypothesis likes to draw constants that it reads in the program's own modules.

    A seed would then mean another history whenever a module is changed, or not imported.
    """
    with (
        patch.object(providers, "_get_local_constants", providers.Constants),
        patch.object(providers, "CONSTANTS_CACHE", LRUCache(1024)),
    ):
        yield


def resolved(operations: Sequence[Operation], books: Books) -> Doings:
    """What comes to a group, with the names of the requests that are cancelled or issued."""
    items: list[Input] = []
    known = sorted(books.asked)
    for operation in operations:
        if isinstance(operation, CancelRank):
            name = known[operation.rank % len(known)] if known else "nobody's"
            items.append(Cancellation(name, operation.on, operation.points, operation.cause))
        elif not isinstance(operation, Issue):
            items.append(operation)
    cancelled = {item.request_id for item in items if isinstance(item, Cancellation)}
    issued: list[str] = []
    for operation in operations:
        if isinstance(operation, Issue):
            open_requests = [
                name
                for name in known
                if books.asked[name].left
                and not books.asked[name].is_issued
                and name not in {*cancelled, *issued}
                and operation.request_id in (None, name)
            ]
            if open_requests:
                issued.append(open_requests[operation.rank % len(open_requests)])
    return Doings(items, issued)


@st.composite
def histories(draw: st.DrawFn, group: str, n_batches: int, n_operations: int) -> History:
    """A history of so many operations, spread over the batches."""
    draw(st.integers(0, 2**32))  # What is drawn first is never the simplest: let it be this.
    teller = _Teller(draw, group)
    batches: list[list[Operation]] = []
    since = FIRST_DAY
    for nth, as_of in enumerate(days(n_batches)):
        count = n_operations * (nth + 1) // n_batches - n_operations * nth // n_batches
        teller.begin(nth, since, as_of)
        rare = [operation for operation in (teller.opening(), teller.merge()) if operation]
        batches.append((rare + [teller.operation() for _ in range(count)])[:count])
        since = as_of
    orders = {f"{group}.C": "r50"} if draw(st.booleans()) else {}
    return History(group, batches, orders)


class _Teller:
    """Tells one operation after the other, and remembers what they may go back to."""

    def __init__(self, draw: st.DrawFn, group: str) -> None:
        self._draw = draw
        self._group = group
        self._lines: list[Line] = []
        self._sold: list[Line] = []
        self._count = 0

    def begin(self, nth: int, since: date, as_of: date) -> None:
        self._nth, self._since, self._as_of = nth, since, as_of

    def operation(self) -> Operation:
        self._count += 1
        kind = self._pick(KINDS)
        match kind:
            case "late sale" | "late request":
                on = self._day(FIRST_DAY, self._as_of)
            case _:
                on = self._day(self._since + timedelta(days=1), self._as_of)
        match kind:
            case "return" | "blind return" if self._sold:
                sold = self._sold[-1 - self._up_to(min(len(self._sold), 12) - 1)]
                document = sold.document if kind == "return" else None
                return self._remember(self._return(max(on, sold.on), sold, document))
            case "replace" | "void" | "resend" | "conflict" if self._lines:
                return self._about(self._lines[-1 - self._up_to(len(self._lines) - 1)], kind)
            case "stray return":
                return self._remember(self._return(on, self._some_line(on), None))
            case "early return":
                later = self._some_line(on)
                return self._remember(self._return(on, later, later.document))
            case "request" | "late request":
                return Request(
                    f"{self._group}/{self._count:04}",
                    self._advocate(),
                    self._pick(REWARDS),
                    on,
                )
            case "cancel":
                points = self._pick((None, None, 12, 25, 50, 60, 500))
                cause = self._pick(("member", "merchant_fault"))
                return CancelRank(self._up_to(40), on, points, cause)
            case "issue":
                return Issue(self._up_to(40))
            case "adjust":
                points = self._pick((-90, -20, -1, 1, 30, 200))
                approval_no = int(self._group[1:]) * 10_000 + self._count  # Nobody else has it.
                return Adjustment(self._advocate(), points, on, approval_no)
            case _:
                return self._remember(self._some_line(on))

    def opening(self) -> OpeningBalance | None:
        """What came from an older system, in the first batch and in some others."""
        if self._nth % 8 or self._up_to(2):
            return None
        on = self._day(FIRST_DAY, self._as_of)
        lasts = self._pick((None, 5, 40, 200))
        expires_on = None if lasts is None else on + timedelta(days=lasts)
        points = self._pick((-70, 60, 300))
        return OpeningBalance(self._advocate(), points, on, expires_on)

    def merge(self) -> Merge | None:
        """Two become one, in every fourth batch at most."""
        if self._nth % 4 != 3 or self._up_to(2):
            return None
        return Merge(self._advocate(), self._advocate())

    def _about(self, earlier: Line, kind: str) -> Line:
        match kind:
            case "resend":
                return earlier
            case "conflict":
                return replace(earlier, amount_e4=earlier.amount_e4 + 1)
            case "void":
                return self._remember(
                    replace(earlier, action="void", version=(earlier.version or 1) + 1)
                )
        part = self._pick((30, 80, 100, 120))
        corrected = replace(
            earlier,
            quantity_e4=earlier.quantity_e4 * part // 100,
            amount_e4=earlier.amount_e4 * part // 100,
            action="replace",
            version=(earlier.version or 1) + 1,
        )
        match self._up_to(9):
            case 0:
                corrected = replace(corrected, advocate=self._advocate())
            case 1:
                corrected = replace(corrected, sku=self._pick(SKUS), unit=None)
            case 2:
                corrected = replace(corrected, second_advocate=self._second())
        return self._remember(corrected)

    def _some_line(self, on: date) -> Line:
        document, line_ref = f"{self._group}-{self._count}", "1"
        if self._lines and self._up_to(2) == 0:  # One more line of a document that is known.
            known = self._lines[-1 - self._up_to(min(len(self._lines), 8) - 1)]
            document, on, line_ref = known.document, known.on, f"n{self._count}"
        sku = self._pick(SKUS)
        rupiah_e4 = self._pick((0, 9_500, 123_456, 700_000, 1_234_567, 3_000_000)) * 10_000
        return Line(
            self._advocate(),
            document,
            on,
            rupiah_e4 + (self._up_to(9) if rupiah_e4 else 0),
            self._pick((1, 2, 3, 7, 12)) * 10_000,
            sku,
            line_ref,
            unit=self._pick((None, "carton")) if sku == "OIL" else None,
            tax_basis=self._pick((None, None, "gross")),
            second_advocate=self._second(),
        )

    def _return(self, on: date, sold: Line, document: str | None) -> Line:
        share = self._pick((10, 33, 50, 100, 100, 150))
        return replace(
            sold,
            document=f"{self._group}-R{self._count}",
            on=on,
            line_ref="1",
            quantity_e4=-max(abs(sold.quantity_e4) * share // 100, 1),
            amount_e4=-(abs(sold.amount_e4) * self._pick((share, share, share // 2)) // 100),
            returns_document=document,
            second_advocate=self._pick((None, sold.second_advocate)),
            action=None,
            version=None,
        )

    def _remember(self, line: Line) -> Line:
        self._lines.append(line)
        if line.quantity_e4 > 0 and line.action is None:
            self._sold.append(line)
        return line

    def _advocate(self) -> str:
        return f"{self._group}.{self._pick('AAABBC')}"

    def _second(self) -> str | None:
        """Who claims a line as well: mostly nobody, and at times the advocate again."""
        return self._pick((None, None, f"{self._group}.B", f"{self._group}.C"))

    def _day(self, first: date, last: date) -> date:
        return first + timedelta(days=self._up_to(max((last - first).days, 0)))

    def _up_to(self, most: int) -> int:
        return self._draw(st.integers(0, most))

    def _pick(self, among: Sequence[Any]) -> Any:
        return self._draw(st.sampled_from(among))
