"""The rules of a programme, as the oracle reads them: exact fractions and plain dates."""

from calendar import monthrange
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from tembaga.rulepack import RulePack
from tests.property.inputs import Line

Document = tuple[int, str, date, str, str]  # Partner, number, day, and two who claim together.
DISTRIBUTOR = 1


class Rules:
    """What one rule pack says."""

    def __init__(self, pack: RulePack) -> None:
        self.pack = pack
        programme = pack.programme
        self.pending_days = programme.pending_days
        self.expiry_months = programme.expiry_months
        self.expiry_round_up: str = programme.expiry_round_up
        self.rounding: str = programme.rounding
        self.clawback: str = programme.clawback
        self.arrears_limit: int | None = programme.arrears_limit
        self.write_off_days: int = programme.write_off_days
        self.expiry_lag_days: int = programme.expiry_lag_days
        self.match_days: int = programme.match_days
        self.grace_days: int = programme.grace_days
        self.rewards = {reward.reward: reward for reward in pack.catalogue.rewards}
        self.groups = {product.sku: product.group for product in pack.products}

    def document_of(self, line: Line) -> Document:
        """The document whose points are computed together with this sale (S1)."""
        claimants = (line.advocate, line.second_advocate) if line.second_advocate else ("", "")
        if self.rounding == "month":
            last = monthrange(line.on.year, line.on.month)[1]
            return (0, f"{line.on:%Y-%m}", line.on.replace(day=last), *claimants)
        if self.rounding == "line":
            return (DISTRIBUTOR, f"{line.document}#{line.line_ref}", line.on, *claimants)
        return (DISTRIBUTOR, line.document, line.on, *claimants)

    def is_double_claim(self, line: Line) -> bool:
        """Whether a sale names a second claimant with whom nothing was agreed (S13)."""
        if line.second_advocate is None or line.quantity_e4 < 0 or line.action == "void":
            return False
        version = self._version(line.on)
        return line.second_advocate == line.advocate or version is None or version.split is None

    def share_of(self, document: Document, earner: str, whole: int) -> int:
        """What one of two who claim a document together has of its whole points (S13)."""
        *_, on, first, second = document
        if not second:
            return whole
        split = self._version(on).split
        exact = [whole * split.advocate / 100, whole * split.second_advocate / 100]
        both = sum(exact, Fraction(0))
        return shares(exact, both.numerator // both.denominator)[0 if earner == first else 1]

    def is_in_force(self, on: date) -> bool:
        """Whether any version of the rates holds on a day."""
        return self._version(on) is not None

    def points(self, line: Line, quantity_e4: int, amount_e4: int) -> Fraction:
        """What so much of a sold line is worth, exactly."""
        rate = self._rate(line)
        if rate is None or (line.amount_e4 == 0 and not rate.include_free_goods):
            return Fraction(0)
        if rate.per_amount:
            measure, per = self._on_basis(rate.basis, line, amount_e4), rate.per_amount
        else:
            measure, per = self._counted_in(rate.unit, line, quantity_e4), rate.per_quantity
        return Fraction(rate.points) * measure / Fraction(per)

    def cap(self, on: date) -> tuple[date, int] | None:
        """The first day of the period of a cap, and the points; None if there is no cap (S4)."""
        cap = self.pack.base.cap
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

    def _rate(self, line: Line) -> Any:
        """The rate of the product, else of its group, else of any product."""
        version, group = self._version(line.on), self.groups.get(line.sku)
        rates = version.rates if version else ()
        by_sku = [rate for rate in rates if rate.sku == line.sku]
        by_group = [rate for rate in rates if rate.group and rate.group == group]
        by_any = [rate for rate in rates if rate.any]
        return next(iter(by_sku + by_group + by_any), None)

    def _on_basis(self, basis: str, line: Line, amount_e4: int) -> Fraction:
        """The amount with or without VAT, as the rate takes it (S20)."""
        amount, is_gross = Fraction(amount_e4, 10_000), line.tax_basis == "gross"
        if is_gross == (basis == "gross"):
            return amount
        with_vat = 1 + next(vat.rate for vat in self.pack.programme.vat if vat.holds_on(line.on))
        return amount / with_vat if is_gross else amount * with_vat

    def _counted_in(self, unit: str | None, line: Line, quantity_e4: int) -> Fraction:
        """The quantity in the unit that the rate counts (S20)."""
        factor = self.pack.units.factor(line.sku, line.unit or "", unit or "", line.on)
        assert factor is not None
        return Fraction(quantity_e4, 10_000) * factor


def shares(exact: list[Fraction], points: int) -> list[int]:
    """`points` shared out by largest remainder; ties go to the lowest line (S1)."""
    given = [part.numerator // part.denominator for part in exact]
    by_remainder = sorted(range(len(exact)), key=lambda n: (given[n] - exact[n], n))
    for n in by_remainder[: points - sum(given)]:
        given[n] += 1
    return given
