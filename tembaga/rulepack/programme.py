"""`programme.yml`: what holds for every advocate and campaign of one principal."""

from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from tembaga.rulepack.parts import Part, Points, Whole, exact
from tembaga.rulepack.valuation import Row, Valuation

MINOR_UNITS = {"IDR": 2, "GBP": 2, "EUR": 2, "USD": 2, "MYR": 2, "SGD": 2, "JPY": 0}


class Contact(Part):
    """Whom an advocate asks."""

    name: str
    email: str


def _rate(written: object) -> Fraction:
    rate = exact(str(written))
    if rate > 1 or rate.denominator > 10_000:
        raise ValueError("a rate is a share, as 0.11 or 11/100: at most 1, no finer than 1/10000")
    return rate


class Vat(Part):
    """A rate of VAT and the days on which it is in force, both included (S20)."""

    from_: date = Field(alias="from")
    until: date | None = None
    rate: Annotated[Fraction, BeforeValidator(_rate)]

    def holds_on(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return self.from_ <= day <= (self.until or date.max)


class Adjustments(Part):
    """Who must approve what the office adjusts by hand."""

    two_approve_above: Whole | None = Field(None, description="In points, either way.")


class Programme(Part):
    """What holds for every advocate and campaign of one principal."""

    name: str
    principal: str
    brand: str
    time_zone: str = "Asia/Jakarta"
    currency: Literal["IDR", "GBP", "EUR", "USD", "MYR", "SGD", "JPY"]
    contact: Contact

    rounding: Literal["line", "document", "month"] = Field(
        "document", description="What points are computed and rounded down for (S1)."
    )
    pending_days: int = Field(ge=0, le=365, description="From sale to available (S6).")
    expiry_months: int = Field(ge=1, le=120, description="From available to last day (S7).")
    expiry_round_up: Literal["none", "month"] = "month"
    expiry_lag_days: int = Field(0, ge=0, le=365, description="Expiry waits for late requests.")
    grace_days: int = Field(30, ge=0, le=365, description="Life of what a merchant's fault voids.")
    claim_grace_days: int | None = Field(
        None, ge=0, le=3650, description="From a voucher's last day to its last claim (S17)."
    )
    match_days: int = Field(90, ge=0, le=3650, description="From sale to its return (S11).")
    claim_window_days: int = Field(45, ge=0, le=100_000, description="From sale to file (S12).")
    clawback: Literal["arrears", "within_balance", "own_lot_only"] = Field(
        "arrears", description="What a return may take that its lot no longer has (S10)."
    )
    arrears_limit: Points | None = Field(None, description="What is owed beyond it is a loss.")
    write_off_days: int = Field(180, ge=1, le=3650, description="Arrears at rest for so long.")
    adjustments: Adjustments = Adjustments()
    vat: tuple[Vat, ...] = Field((), description="Without any, amounts are never converted.")
    valuation: tuple[Valuation, ...] = Field((), description="Without any, nothing is valued.")

    @model_validator(mode="after")
    def _limit_of_arrears(self) -> "Programme":
        if self.arrears_limit is not None and self.clawback != "arrears":
            raise ValueError("arrears_limit goes with clawback: arrears; leave it out")
        return self

    @model_validator(mode="after")
    def _one_vat_a_day(self) -> "Programme":
        days = sorted((vat.from_, vat.until or date.max) for vat in self.vat)
        if any(until < from_ for from_, until in days):
            raise ValueError("vat: a rate ends before it begins")
        if any(later[0] <= earlier[1] for earlier, later in pairwise(days)):
            raise ValueError("vat: two rates are in force on the same day; end one with until")
        return self

    @model_validator(mode="after")
    def _valuations_fit(self) -> "Programme":
        days = [valuation.from_ for valuation in self.valuation]
        if any(later <= earlier for earlier, later in pairwise(days)):
            raise ValueError("valuation: its versions stand in the order of their days, from")
        self.cohort_rows()
        return self

    def cohort_rows(self) -> list[Row]:
        """The rows of `raw.cohorts`: a version holds until the day before the next one."""
        nexts = [valuation.from_ for valuation in self.valuation[1:]]
        lasts = [*(day - timedelta(days=1) for day in nexts), date.max]
        return [
            row
            for valuation, last in zip(self.valuation, lasts, strict=False)
            for row in valuation.rows(last, MINOR_UNITS[self.currency])
        ]

    def vat_on(self, day: date) -> Fraction | None:
        """The rate of VAT on a day, or None if none is in force."""
        return next((vat.rate for vat in self.vat if vat.holds_on(day)), None)
