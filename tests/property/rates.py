"""The rules of a programme, as the oracle reads them: exact fractions and plain dates."""

from calendar import monthrange
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from tembaga.rulepack import RulePack
from tests.property.inputs import Line

Document = tuple[int, str, date]  # The partner, the number and the day.
DISTRIBUTOR = 1


class Rules:
    """What one rule pack says; `or` stands for what a programme leaves out."""

    def __init__(self, pack: RulePack) -> None:
        self.pack = pack
        programme = pack.programme
        self.pending_days = programme.pending_days
        self.expiry_months = programme.expiry_months
        self.expiry_round_up: str = programme.expiry_round_up
        self.rounding: str = _of(programme, "rounding", "document")
        self.clawback: str = _of(programme, "clawback", "arrears")
        self.arrears_limit: int | None = _of(programme, "arrears_limit", None)
        self.write_off_days: int = _of(programme, "write_off_days", 180)
        self.expiry_lag_days: int = _of(programme, "expiry_lag_days", 0)
        self.match_days: int = _of(programme, "match_days", 90)
        self.grace_days: int = _of(programme, "grace_days", 30)
        self.rewards = {reward.reward: reward for reward in pack.catalogue.rewards}
        self.groups = {product.sku: product.group for product in pack.products}

    def document_of(self, line: Line) -> Document:
        """The document whose points are computed together with this sale (S1)."""
        if self.rounding == "month":
            last = monthrange(line.on.year, line.on.month)[1]
            return (0, f"{line.on:%Y-%m}", line.on.replace(day=last))
        if self.rounding == "line":
            return (DISTRIBUTOR, f"{line.document}#{line.line_ref}", line.on)
        return (DISTRIBUTOR, line.document, line.on)

    def is_in_force(self, on: date) -> bool:
        """Whether any version of the rates holds on a day."""
        return self._version(on) is not None

    def points(self, line: Line, quantity_e4: int, amount_e4: int) -> Fraction:
        """What so much of a sold line is worth, exactly."""
        version = self._version(line.on)
        if version is None or (line.amount_e4 == 0 and not self._gives_for_free_goods()):
            return Fraction(0)
        for rate in self._by_precedence(version, line.sku):
            if rate.per_amount:
                return (
                    Fraction(rate.points) * self._net(line, amount_e4) / Fraction(rate.per_amount)
                )
            return (
                Fraction(rate.points) * self._units(line, quantity_e4) / Fraction(rate.per_quantity)
            )
        return Fraction(0)

    def cap(self, on: date) -> tuple[date, int] | None:
        """The first day of the period of a cap, and the points; None if there is no cap (S4)."""
        cap = _of(self.pack.base, "cap", None)
        if cap is None:
            return None
        months = {"month": 1, "quarter": 3, "year": 12}[cap.period]
        first_month = (on.month - 1) // months * months + 1
        return on.replace(month=first_month, day=1), cap.points

    def expires_on(self, available_on: date) -> date:
        """The last day on which points may be used (S7)."""
        months = available_on.year * 12 + available_on.month - 1 + self.expiry_months
        year, month = divmod(months, 12)
        last = monthrange(year, month + 1)[1]
        if self.expiry_round_up == "none":
            return date(year, month + 1, min(available_on.day, last))
        if self.expiry_round_up == "quarter":
            month = month // 3 * 3 + 2
            last = monthrange(year, month + 1)[1]
        return date(year, month + 1, last)

    def matures_on(self, earned_on: date) -> date:
        """The day on which pending points become available (S6)."""
        return earned_on + timedelta(days=self.pending_days)

    def _version(self, on: date) -> Any:
        for version in self.pack.base.versions:
            if version.from_ <= on <= (version.until or date.max):
                return version
        return None

    def _by_precedence(self, version: Any, sku: str) -> list[Any]:
        group = self.groups.get(sku)
        by_sku = [rate for rate in version.rates if rate.sku == sku]
        by_group = [rate for rate in version.rates if rate.group and rate.group == group]
        by_any = [rate for rate in version.rates if rate.any]
        return by_sku + by_group + by_any

    def _gives_for_free_goods(self) -> bool:
        return bool(_of(self.pack.base, "include_free_goods", False))

    def _net(self, line: Line, amount_e4: int) -> Fraction:
        return Fraction(amount_e4, 10_000)

    def _units(self, line: Line, quantity_e4: int) -> Fraction:
        return Fraction(quantity_e4, 10_000)


def shares(exact: list[Fraction], points: int) -> list[int]:
    """`points` shared out by largest remainder; ties go to the lowest line (S1)."""
    given = [part.numerator // part.denominator for part in exact]
    by_remainder = sorted(range(len(exact)), key=lambda n: (given[n] - exact[n], n))
    for n in by_remainder[: points - sum(given)]:
        given[n] += 1
    return given


def _of(part: Any, name: str, default: Any) -> Any:
    return getattr(part, name, default)
