"""The oracle: a slow and obvious ledger, written from the rules and not from the SQL.

Advocates have lots and arrears; a batch goes through its phases with plain loops, and leaves
the transfers that it made. Nothing here knows of numbers of accounts, transfers or documents.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from tests.property.inputs import (
    Adjustment,
    Cancellation,
    Day,
    Input,
    Merge,
    OpeningBalance,
    Place,
    Request,
    Reversal,
)
from tests.property.lines import Lines, Subject
from tests.property.rates import Document, Rules

ISSUED, GOODWILL = "Expenses:Points:Issued:Base", "Expenses:Points:Issued:Goodwill"
OPENING = "Equity:Opening:PTS"
CONVERSION = "Equity:Conversion:"
CAP_OVERFLOW, EXPIRED = "Income:Points:CapOverflow", "Income:Points:Expired"
CLAWBACK_LOSS = "Expenses:Points:ClawbackLoss"
VOUCHERS = "Liabilities:Vouchers:Outstanding:"
PENDING, AVAILABLE = "Liabilities:Points:Pending:", "Liabilities:Points:Available:"
HELD = "Liabilities:Points:Held:"
ARREARS = "Assets:Points:Arrears:"

ForEver = date.max
LotName = tuple[str, str, Document | None, date, date | None]


class Transfer(NamedTuple):
    """What a batch posts; a lot stands by what it is, and not by its number."""

    rule: str
    unit: str
    debit: str
    credit: str
    amount: int
    event_on: date
    effective_on: date
    lot: LotName | None


@dataclass(eq=False)
class Lot:
    """Points of one advocate with one origin."""

    owner: str
    earner: str
    origin: str
    earned_on: date
    matures_on: date
    expires_on: date | None = None
    document: Document | None = None
    number: int = 0
    posted: int = 0
    clipped: int = 0
    pending: int = 0
    available: int = 0
    held: int = 0
    expired: int = 0
    moved: int = 0  # The batch that last moved it.
    difference: int = 0  # Of this batch, as all that follows.
    fresh: int = 0
    was_uncapped: bool = False
    is_credited: bool = False  # Got points that do not count before the day of the batch.
    was_usable: bool = False  # Had something available when the batch began.

    @property
    def name(self) -> LotName:
        is_sale = self.origin == "sale"
        expires_on = None if is_sale else self.expires_on
        return (self.origin, self.earner, self.document, self.earned_on, expires_on)

    def lasts_until(self, on: date) -> bool:
        return (self.expires_on or ForEver) >= on


@dataclass
class Asked:
    """A request that was accepted, and the points that it holds or has used, lot by lot."""

    request_id: str
    advocate: str
    reward: str
    price: int
    face_minor: int
    currency: str
    merchant: str
    on: date
    taken: list[tuple[Lot, int]]
    is_issued: bool = False

    @property
    def left(self) -> int:
        return sum(points for _, points in self.taken)


@dataclass
class Posted:
    """A batch that can be reversed: its transfers and the lots that they name."""

    kind: str
    transfers: list[tuple[Transfer, Lot | None]] = field(default_factory=list)
    owners: list[tuple[Lot, str]] = field(default_factory=list)  # Before a merge.
    merged: list[str] = field(default_factory=list)
    declined: list[tuple[str, Place, str]] = field(default_factory=list)
    is_reversed: bool = False


class Books:
    """The books of some advocates who have nothing to do with any others."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.lines = Lines()
        self.lots: list[Lot] = []
        self.arrears: Counter[str] = Counter()
        self.raw: Counter[tuple[str, date]] = Counter()
        self.clipped: Counter[tuple[str, date]] = Counter()
        self.asked: dict[str, Asked] = {}
        self.merged: dict[str, str] = {}
        self.batches: dict[int, Posted] = {}
        self._by_subject: dict[Subject, Lot] = {}
        self._documents: dict[Document, int] = {}
        self._advocates: dict[str, int] = {}
        self._arrears_moved: dict[str, date] = {}
        self._batch_no = 0
        self._as_of = self._previous_as_of = date.min
        self._open_from = date.min

    # ---- batches ----

    def day(self, batch_no: int, day: Day) -> list[Transfer]:
        """Post a day; the phases stand in the order of the rules (S0)."""
        self._open(batch_no, "day", day.as_of, day.open_from)
        self._rate(day)
        self._repay_from_pending()
        self._mature()
        self._cancel(day.cancellations)
        self._add(day.adjustments)
        self._repay_from_available()
        self._take(day.adjustments)
        self._request(day.requests)
        self._follow_orders(day.orders)
        self._issue(day.issued)
        self._expire()
        self._write_off()
        return self._close()

    def open(
        self, batch_no: int, as_of: date, balances: Sequence[OpeningBalance]
    ) -> list[Transfer]:
        """Post the opening balances of a file."""
        self._open(batch_no, "opening_balances", as_of)
        self._number_advocates(balance.advocate for balance in balances)
        for balance in balances:
            owner = self._owner(balance.advocate)
            if balance.points < 0:
                self._owe("opening", owner, OPENING, -balance.points, balance.earned_on)
                continue
            lot = Lot(
                owner, owner, "opening_balance",
                earned_on=balance.earned_on,
                matures_on=balance.earned_on,
                expires_on=balance.expires_on,
                posted=balance.points,
            )  # fmt: skip
            self._add_lots([(lot, balance.place)])
            self._post("opening", OPENING, AVAILABLE + owner, lot, balance.points, lot.earned_on)
        self._repay_from_available()
        return self._close()

    def merge(self, batch_no: int, as_of: date, merges: Sequence[Merge]) -> list[Transfer]:
        """Post the merges of a file (S23)."""
        self._open(batch_no, "merges", as_of)
        self._number_advocates(name for one in merges for name in (one.advocate, one.into))
        gone = set(self.merged)
        gone_now = {merge.advocate for merge in merges}
        for merge in sorted(merges, key=lambda merge: merge.place):
            if (
                merge.advocate in gone | set(self.merged)
                or merge.into in gone | gone_now
                or merge.advocate == merge.into
            ):
                self._decline(merge, "E_MERGED")
            else:
                self._merge(merge.advocate, merge.into)
        self._repay_from_available()
        return self._close()

    def reverse(self, batch_no: int, as_of: date, reversal: Reversal) -> list[Transfer]:
        """Take back a batch as a whole, or not at all."""
        self._open(batch_no, "reversals", as_of)
        code, batch = self._can_be_reversed(reversal.batch_no)
        if batch is None:
            self._decline(reversal, code)
        else:
            for transfer, lot in list(batch.transfers):
                self._mirror(transfer, lot)
            for lot, owner in batch.owners:
                lot.owner = owner
            for advocate in batch.merged:
                del self.merged[advocate]
            batch.is_reversed = True
        return self._close()

    def usable(self, owner: str) -> int:
        """What stands on Available."""
        return sum(lot.available for lot in self.lots if lot.owner == owner)

    def transfers(self, batch_no: int) -> list[Transfer]:
        """What a batch posted."""
        return [transfer for transfer, _ in self.batches[batch_no].transfers]

    # ---- phase 2: sales, returns, corrections ----

    def _rate(self, day: Day) -> None:
        touched = self.lines.accept(day.lines, self.rules)
        named = (paper.advocate for paper in (*day.adjustments, *day.requests))
        self._number_advocates([*(earner for _, earner in touched), *named])
        self._open_subjects(touched)
        latest: dict[Lot, date] = {}
        for subject, on in touched.items():
            if (lot := self._by_subject.get(subject)) is not None:
                exact = self.lines.exact_points(subject, self.rules)
                whole = exact.numerator // exact.denominator
                lot.difference = self.rules.share_of(*subject, whole) - lot.posted
                lot.posted += lot.difference
                latest[lot] = on
        lots = sorted(latest, key=_by_day)
        for lot in lots:
            if lot.difference > 0:
                self._earn(lot, lot.difference)
        self._keep_caps(latest)
        falling = [lot for lot in lots if lot.difference < 0]
        self._claw_back(sorted(falling, key=lambda lot: lot.number), latest)

    def _open_subjects(self, touched: Iterable[Subject]) -> None:
        """New documents are numbered by day and name, new subjects by document and advocate."""
        subjects = [
            subject
            for subject in touched
            if subject not in self._by_subject and self.rules.is_in_force(subject[0][2])
        ]
        new = {subject[0] for subject in touched} - set(self._documents)
        for document in sorted(new, key=_by_day_and_name):
            self._documents[document] = len(self._documents)
        subjects.sort(key=lambda s: (self._documents[s[0]], self._advocates[s[1]]))
        for document, earner in subjects:
            lot = Lot(
                self._owner(earner), earner, "sale",
                earned_on=document[2],
                matures_on=self.rules.matures_on(document[2]),
                document=document,
            )  # fmt: skip
            self._by_subject[document, earner] = lot
            self._number(lot)

    def _earn(self, lot: Lot, points: int) -> None:
        lot.fresh += points
        counts_on = min(lot.earned_on, self._as_of)
        self._post("earn", ISSUED, PENDING + lot.owner, lot, points, lot.earned_on, counts_on)

    def _keep_caps(self, latest: dict[Lot, date]) -> None:
        """What lies above the cap of a period overflows; returns eat that first (S4)."""
        periods: dict[tuple[str, date], int] = {}
        for lot in latest:
            if cap := self.rules.cap(lot.earned_on):
                periods[lot.earner, cap[0]] = cap[1]
                self.raw[lot.earner, cap[0]] += lot.difference
        for period, points in periods.items():
            over = max(self.raw[period] - points, 0) - self.clipped[period]
            self.clipped[period] += over
            of_period = [lot for lot in self._by_subject.values() if self._period(lot) == period]
            if over > 0:
                self._clip(of_period, over)
            else:
                self._give_back(of_period, -over, latest)

    def _period(self, lot: Lot) -> tuple[str, date] | None:
        cap = self.rules.cap(lot.earned_on)
        return (lot.earner, cap[0]) if cap else None

    def _clip(self, lots: list[Lot], over: int) -> None:
        for lot in sorted(lots, key=_by_day, reverse=True):
            points = min(over, max(lot.difference, 0))
            over -= points
            lot.clipped += points
            lot.fresh -= points
            self._post("earn_cap", PENDING + lot.owner, CAP_OVERFLOW, lot, points, lot.earned_on)

    def _give_back(self, lots: list[Lot], points_to_give: int, latest: dict[Lot, date]) -> None:
        for lot in sorted(lots, key=lambda lot: (lot.difference >= 0, *_by_day(lot))):
            points = min(points_to_give, lot.clipped)
            points_to_give -= points
            lot.clipped -= points
            lot.fresh += points
            lot.was_uncapped |= points > 0
            on = latest.get(lot)
            self._post("uncap", CAP_OVERFLOW, PENDING + lot.owner, lot, points, on)

    def _claw_back(self, falling: list[Lot], latest: dict[Lot, date]) -> None:
        """A return takes from its own lot, then from others, then it is owed (S10)."""
        owed: dict[Lot, int] = {}
        for lot in falling:
            on, own, usable = latest[lot], PENDING + lot.owner, AVAILABLE + lot.owner
            pending = min(-lot.difference, lot.pending)
            lot.fresh -= pending
            self._post("return_pending", own, ISSUED, lot, pending, on)
            available = min(-lot.difference - pending, lot.available)
            self._post("return_available", usable, ISSUED, lot, available, on)
            owed[lot] = -lot.difference - pending - available
        for lot, rest in owed.items():
            owner, on = lot.owner, latest[lot]
            if self.rules.clawback != "own_lot_only":
                for other in self._soonest_first(owner):
                    points = min(rest, other.available)
                    rest -= points
                    self._post("return_available", AVAILABLE + owner, ISSUED, other, points, on)
            if self.rules.clawback == "arrears":
                limit = self.rules.arrears_limit
                room = rest if limit is None else max(limit - self.arrears[owner], 0)
                points = min(rest, room)
                rest -= points
                self._owe("return_spent", owner, ISSUED, points, on)
            self._post("return_lost", CLAWBACK_LOSS, ISSUED, None, rest, on)

    # ---- phases 3 and 4: arrears, maturity ----

    def _repay_from_pending(self) -> None:
        for lot in sorted(self.lots, key=_by_day):
            is_due = lot.matures_on <= self._as_of
            means = lot.pending if is_due else min(lot.pending, max(lot.fresh, 0))
            self._repay(PENDING, lot, min(self.arrears[lot.owner], means))

    def _repay_from_available(self) -> None:
        for owner in list(self.arrears):
            for lot in self._soonest_first(owner):
                self._repay(AVAILABLE, lot, min(self.arrears[owner], lot.available))

    def _repay(self, account: str, lot: Lot, points: int) -> None:
        if points:
            self.arrears[lot.owner] -= points
            self._arrears_moved[lot.owner] = self._as_of
        self._post("repay_arrears", account + lot.owner, ARREARS + lot.owner, lot, points)

    def _mature(self) -> None:
        for lot in self.lots:
            if lot.matures_on <= self._as_of and lot.pending:
                lot.expires_on = lot.expires_on or self.rules.expires_on(lot.matures_on)
                self._post(
                    "mature", PENDING + lot.owner, AVAILABLE + lot.owner, lot, lot.pending,
                    lot.matures_on,
                    self._as_of if lot.was_uncapped else lot.matures_on,
                )  # fmt: skip

    # ---- phase 5: cancellations and adjustments ----

    def _cancel(self, cancellations: Sequence[Cancellation]) -> None:
        new: list[tuple[Lot, Place]] = []
        for cancellation in sorted(cancellations, key=lambda c: (c.on, c.place)):
            asked = self.asked.get(cancellation.request_id)
            points = cancellation.points
            if asked is None:
                self._decline(cancellation, "E_REQUEST_UNKNOWN")
            elif cancellation.on < asked.on:
                self._decline(cancellation, "E_BEFORE_REQUEST")
            elif points is not None and points * asked.face_minor % asked.price:
                self._decline(cancellation, "E_NOT_WHOLE")
            elif not asked.left:
                self._decline(cancellation, "E_REQUEST_SPENT")
            else:
                points = asked.left if points is None else min(points, asked.left)
                new += self._restore(asked, points, cancellation)
        self._add_lots(new)

    def _restore(
        self, asked: Asked, points: int, cancellation: Cancellation
    ) -> list[tuple[Lot, Place]]:
        """Give points back in reverse order of their taking (S9)."""
        rest = points
        new: list[tuple[Lot, Place]] = []
        while rest:
            lot, taken = asked.taken.pop()
            part = min(rest, taken)
            rest -= part
            if taken > part:
                asked.taken.append((lot, taken - part))
            owner = AVAILABLE + lot.owner
            if asked.is_issued:
                self._post("cancel", CONVERSION + "PTS", owner, lot, part, cancellation.on)
            else:
                self._post("reject", HELD + lot.owner, owner, lot, part, cancellation.on)
            is_over = not lot.lasts_until(cancellation.on) or self._is_over(lot)
            if cancellation.cause == "merchant_fault" and is_over:
                renewed = self._renew(lot, part, cancellation)
                new.append((renewed, cancellation.place))
        if asked.is_issued:
            self._post(
                "cancel", VOUCHERS + asked.merchant, CONVERSION + asked.currency, None,
                asked.face_minor * points // asked.price, cancellation.on, unit=asked.currency,
            )  # fmt: skip
        return new

    def _renew(self, lot: Lot, points: int, cancellation: Cancellation) -> Lot:
        """What a merchant's fault gives back too late lives on for some days."""
        self._lapse(lot, points)
        lot.expired -= points  # They live on, and no late request may have them once more.
        renewed = Lot(
            lot.owner, lot.owner, "grace",
            earned_on=lot.earned_on,
            matures_on=lot.earned_on,
            expires_on=cancellation.on + timedelta(days=self.rules.grace_days),
            posted=points,
        )  # fmt: skip
        renewed.expired = points  # That is where they come from.
        self._post("renew", EXPIRED, AVAILABLE + lot.owner, renewed, points, cancellation.on)
        return renewed

    def _lapse(self, lot: Lot, points: int) -> None:
        assert lot.expires_on
        lapses_on = lot.expires_on + timedelta(days=1)
        counts_on = max(lapses_on, self._previous_as_of if lot.was_usable else date.min)
        if lot.is_credited:
            counts_on = self._as_of
        self._post("expire", AVAILABLE + lot.owner, EXPIRED, lot, points, lapses_on, counts_on)

    def _add(self, adjustments: Sequence[Adjustment]) -> None:
        new: list[tuple[Lot, Place]] = []
        for adjustment in adjustments:
            owner = self._owner(adjustment.advocate)
            if adjustment.points > 0:
                lot = Lot(
                    owner, owner, "adjustment",
                    earned_on=adjustment.on,
                    matures_on=adjustment.on,
                    expires_on=self.rules.expires_on(adjustment.on),
                    posted=adjustment.points,
                )  # fmt: skip
                new.append((lot, adjustment.place))
        self._add_lots(new)
        for lot, _ in new:
            self._post("adjust", GOODWILL, AVAILABLE + lot.owner, lot, lot.posted, lot.earned_on)

    def _take(self, adjustments: Sequence[Adjustment]) -> None:
        for adjustment in sorted(adjustments, key=lambda a: (a.on, a.approval_no)):
            rest, owner = -adjustment.points, self._owner(adjustment.advocate)
            if rest < 0:
                continue
            for lot in self._soonest_first(owner):
                points = min(rest, lot.available)
                rest -= points
                self._post("adjust", AVAILABLE + owner, GOODWILL, lot, points, adjustment.on)
            self._owe("adjust", owner, GOODWILL, rest, adjustment.on)

    # ---- phase 6: requests and issues ----

    def _request(self, requests: Sequence[Request]) -> None:
        for request in sorted(requests, key=lambda r: (r.requested_at, r.request_id.encode())):
            if request.reward not in self.rules.rewards:
                self._decline(request, "E_REWARD_UNKNOWN")
            elif not self._hold(request.request_id, request.advocate, request.reward, request.on):
                self._decline(request, "INSUFFICIENT")

    def _follow_orders(self, orders: Sequence[tuple[str, str]]) -> None:
        """A standing order asks for as many whole rewards as can be had (S17)."""
        nth: Counter[str] = Counter()
        for advocate, reward in orders:
            owner, is_had = self._owner(advocate), advocate in self._advocates
            while is_had:
                nth[owner] += 1
                name = f"{owner}/{self._as_of}/{nth[owner]}"
                is_had = self._hold(name, advocate, reward, self._as_of, late=False)
                nth[owner] -= not is_had

    def _hold(
        self, request_id: str, advocate: str, reward_name: str, on: date, late: bool = True
    ) -> bool:
        """Hold the price of a reward, soonest expiry first; expired points too if not too late."""
        owner, reward = self._owner(advocate), self.rules.rewards[reward_name]
        lots = [lot for lot in self._soonest_first(owner) if lot.lasts_until(on)]
        if sum(lot.available + (lot.expired if late else 0) for lot in lots) < reward.points:
            return False
        rest, taken = reward.points, []
        for lot in lots:
            points = min(rest, lot.available + (lot.expired if late else 0))
            if points:
                rest -= points
                taken.append((lot, points))
                back = max(points - lot.available, 0)
                self._post("unexpire", EXPIRED, AVAILABLE + owner, lot, back, on)
                self._post("request", AVAILABLE + owner, HELD + owner, lot, points, on)
        self.asked[request_id] = Asked(
            request_id, advocate, reward_name, reward.points, reward.face_minor,
            reward.currency, reward.merchant, on, taken,
        )  # fmt: skip
        return True

    def _issue(self, issued: Sequence[str]) -> None:
        for asked in (self.asked[request_id] for request_id in issued):
            asked.is_issued = True
            money = asked.face_minor * asked.left // asked.price
            for lot, points in asked.taken:
                self._post("issue", HELD + lot.owner, CONVERSION + "PTS", lot, points)
            self._post(
                "issue", CONVERSION + asked.currency, VOUCHERS + asked.merchant, None, money,
                unit=asked.currency,
            )  # fmt: skip

    # ---- phase 7: expiry, write-off ----

    def _expire(self) -> None:
        for lot in self.lots:
            if lot.available and self._is_over(lot):
                self._lapse(lot, lot.available)

    def _is_over(self, lot: Lot) -> bool:
        """Whether what is in the lot expires in this batch (S7)."""
        lag = timedelta(days=self.rules.expiry_lag_days)
        return lot.expires_on is not None and lot.expires_on + lag < self._as_of

    def _write_off(self) -> None:
        for owner, points in self.arrears.items():
            idle = timedelta(days=self.rules.write_off_days)
            moved = self._arrears_moved.get(owner, self._as_of)
            if points and moved < self._as_of and moved <= self._as_of - idle:
                self._owe("arrears_write_off", owner, CLAWBACK_LOSS, -points, self._as_of)

    # ---- merges and reversals ----

    def _merge(self, advocate: str, into: str) -> None:
        for lot in [lot for lot in self.lots if lot.owner == advocate]:
            lot.owner = into
            self.batches[self._batch_no].owners.append((lot, advocate))
            stands = {PENDING: lot.pending, AVAILABLE: lot.available, HELD: lot.held}
            for account, points in stands.items():
                if points:
                    self._record("merge", account + advocate, account + into, lot, points)
        if points := self.arrears.pop(advocate, 0):
            self.arrears[into] += points
            self._arrears_moved[into] = self._as_of
            self._record("merge", ARREARS + into, ARREARS + advocate, None, points)
        self.merged[advocate] = into
        self.batches[self._batch_no].merged.append(advocate)

    def _can_be_reversed(self, batch_no: int) -> tuple[str, Posted | None]:
        batch = self.batches.get(batch_no)
        if batch is None or batch_no == self._batch_no:
            return "E_BATCH_UNKNOWN", None
        if batch.is_reversed:
            return "E_REVERSAL_TWICE", None
        moved = {lot for lot in self.lots if lot.moved > batch_no}
        if any(lot in moved for _, lot in batch.transfers):
            return "E_REVERSAL_SPENT", None
        if any(self._came_by(lot.earner, batch.merged) for lot in moved):
            return "E_REVERSAL_SPENT", None
        return "", batch

    def _came_by(self, name: str, merged: Sequence[str]) -> bool:
        """Whether what is earned under this name is another's by one of these merges."""
        while name in self.merged:
            if name in merged:
                return True
            name = self.merged[name]
        return False

    def _mirror(self, transfer: Transfer, lot: Lot | None) -> None:
        debit, credit, points = transfer.credit, transfer.debit, transfer.amount
        if transfer.debit.startswith(ARREARS):
            self.arrears[transfer.debit.removeprefix(ARREARS)] -= points
        if transfer.credit.startswith(ARREARS):
            self.arrears[transfer.credit.removeprefix(ARREARS)] += points
        self._post("reverse", debit, credit, lot, points, unit=transfer.unit)
        for account in (debit, credit):
            if account.startswith(ARREARS):
                self._arrears_moved[account.removeprefix(ARREARS)] = self._as_of

    # ---- helpers ----

    def _open(self, batch_no: int, kind: str, as_of: date, open_from: date = date.min) -> None:
        self._previous_as_of = self._as_of
        self._batch_no, self._as_of = batch_no, max(as_of, self._as_of)
        self._open_from = max(open_from, self._open_from)
        self.batches[batch_no] = Posted(kind)
        for lot in self.lots:
            lot.difference, lot.fresh, lot.was_uncapped = 0, 0, False
            lot.is_credited, lot.was_usable = False, lot.available > 0

    def _close(self) -> list[Transfer]:
        return self.transfers(self._batch_no)

    def _decline(self, item: Input, code: str) -> None:
        self.batches[self._batch_no].declined.append((item.feed, item.place, code))

    def _owner(self, advocate: str) -> str:
        while advocate in self.merged:
            advocate = self.merged[advocate]
        return advocate

    def _number_advocates(self, names: Iterable[str]) -> None:
        for name in sorted(set(names) - set(self._advocates), key=str.encode):
            self._advocates[name] = len(self._advocates)

    def _add_lots(self, new: list[tuple[Lot, Place]]) -> None:
        """Lots that no sale has opened are numbered after those that one has."""
        for lot, _ in sorted(
            new,
            key=lambda one: (
                self._advocates[one[0].earner],
                one[0].earned_on,
                one[0].expires_on or ForEver,
                one[0].posted,
                one[1],
            ),
        ):
            self._number(lot)

    def _number(self, lot: Lot) -> None:
        self.lots.append(lot)
        lot.number = len(self.lots)

    def _soonest_first(self, owner: str) -> list[Lot]:
        """The order in which points are used (S8)."""
        return sorted(
            (lot for lot in self.lots if lot.owner == owner),
            key=lambda lot: (lot.expires_on or ForEver, lot.earned_on, lot.number),
        )

    def _owe(self, rule: str, owner: str, other: str, points: int, event_on: date) -> None:
        """Arrears grow by `points`, or fall if they are negative."""
        if not points:
            return
        self.arrears[owner] += points
        self._arrears_moved[owner] = self._as_of
        debit, credit = (ARREARS + owner, other) if points > 0 else (other, ARREARS + owner)
        self._record(rule, debit, credit, None, abs(points), event_on)

    def _post(
        self, rule: str, debit: str, credit: str, lot: Lot | None, points: int,
        event_on: date | None = None, effective_on: date | None = None, unit: str = "PTS",
    ) -> None:  # fmt: skip
        """Move points, and write it down; nothing is nothing."""
        if not points:
            return
        if lot is not None:
            _move(lot, debit, -points)
            _move(lot, credit, points)
        self._record(rule, debit, credit, lot, points, event_on, effective_on, unit)

    def _record(
        self, rule: str, debit: str, credit: str, lot: Lot | None, points: int,
        event_on: date | None = None, effective_on: date | None = None, unit: str = "PTS",
    ) -> None:  # fmt: skip
        counts_on = max(effective_on or self._as_of, self._open_from)
        if lot is not None:
            lot.moved = self._batch_no
            lot.is_credited |= lot.was_uncapped
            lot.is_credited |= credit.startswith(AVAILABLE) and rule != "mature"
        transfer = Transfer(
            rule, unit, debit, credit, points, event_on or self._as_of, counts_on,
            lot.name if lot is not None else None,
        )  # fmt: skip
        self.batches[self._batch_no].transfers.append((transfer, lot))


def _move(lot: Lot, account: str, points: int) -> None:
    """A lot follows the accounts that a transfer names."""
    if account.startswith(PENDING):
        lot.pending += points
    elif account.startswith(AVAILABLE):
        lot.available += points
    elif account.startswith(HELD):
        lot.held += points
    elif account == EXPIRED:
        lot.expired += points


def _by_day_and_name(document: Document) -> tuple[object, ...]:
    partner, name, on, first, second = document
    return on, partner, name.encode(), first.encode(), second.encode()


def _by_day(lot: Lot) -> tuple[date, int]:
    return lot.earned_on, lot.number
