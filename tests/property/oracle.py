"""The oracle: a slow and obvious ledger, written from the rules and not from the SQL.

One advocate's points are a list of lots; a batch goes through its phases with plain loops.
"""

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta

PENDING_DAYS = 14
PRICE = 500
RUPIAH_PER_POINT = {1: 10_000, 2: 8_000}  # By the version in force, see tests/spec/campaigns.
FIRST_DAY_OF_VERSION_2 = date(2026, 2, 1)


@dataclass
class Lot:
    """The points of one document for one advocate."""

    document: str
    earned_on: date
    nth: int
    rupiah: int = 0
    posted: int = 0
    pending: int = 0
    available: int = 0
    held: int = 0
    expires_on: date = date.max
    fresh: int = 0

    @property
    def matures_on(self) -> date:
        return self.earned_on + timedelta(days=PENDING_DAYS)

    @property
    def target(self) -> int:
        version = 1 if self.earned_on < FIRST_DAY_OF_VERSION_2 else 2
        return max(self.rupiah // RUPIAH_PER_POINT[version], 0)


@dataclass
class Advocate:
    """One advocate's lots and debts."""

    has_order: bool
    lots: dict[str, Lot] = field(default_factory=dict)
    arrears: int = 0

    def batch(self, lines: list[tuple[str, date, int]], as_of: date) -> None:
        """Go through the phases of a batch; a line is a document, its day, and an amount."""
        for document, earned_on, rupiah in lines:
            if document not in self.lots:
                self.lots[document] = Lot(document, earned_on, nth=0)
            self.lots[document].rupiah += rupiah
        self._number()
        self._rate()
        self._repay(as_of)
        self._mature(as_of)
        if self.has_order:
            self._request()

    def _number(self) -> None:
        """New lots are numbered after the old ones, by day and document."""
        fresh = sorted(
            (lot for lot in self.lots.values() if not lot.nth),
            key=lambda lot: (lot.earned_on, lot.document),
        )
        first = max((lot.nth for lot in self.lots.values()), default=0) + 1
        for nth, lot in enumerate(fresh, first):
            lot.nth = nth

    def _rate(self) -> None:
        owed = 0
        for lot in self.lots.values():
            difference = lot.target - lot.posted
            lot.posted = lot.target
            lot.fresh = max(difference, 0)
            lot.pending += lot.fresh
            owed += self._take_from_own(lot, max(-difference, 0))
        for lot in self._soonest_first():
            taken = min(owed, lot.available)
            lot.available -= taken
            owed -= taken
        self.arrears += owed

    def _take_from_own(self, lot: Lot, owed: int) -> int:
        from_pending = min(owed, lot.pending)
        from_available = min(owed - from_pending, lot.available)
        lot.pending -= from_pending
        lot.available -= from_available
        return owed - from_pending - from_available

    def _repay(self, as_of: date) -> None:
        for lot in sorted(self.lots.values(), key=lambda lot: (lot.earned_on, lot.nth)):
            means = lot.pending if lot.matures_on <= as_of else min(lot.pending, lot.fresh)
            paid = min(self.arrears, means)
            lot.pending -= paid
            self.arrears -= paid

    def _mature(self, as_of: date) -> None:
        for lot in self.lots.values():
            if lot.matures_on <= as_of and lot.pending:
                lot.available += lot.pending
                lot.pending = 0
                year, month = lot.matures_on.year + 1, lot.matures_on.month
                lot.expires_on = date(year, month, monthrange(year, month)[1])

    def _request(self) -> None:
        wanted = sum(lot.available for lot in self.lots.values()) // PRICE * PRICE
        for lot in self._soonest_first():
            taken = min(wanted, lot.available)
            lot.available -= taken
            lot.held += taken
            wanted -= taken

    def _soonest_first(self) -> list[Lot]:
        return sorted(self.lots.values(), key=lambda lot: (lot.expires_on, lot.earned_on, lot.nth))
