"""`base.yml`: a reason to earn, with its rates by version, and its cap."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import lcm
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from tembaga.rulepack.parts import Part, Points, Whole, Words, exact

E4 = 10_000  # Line amounts and quantities are kept in ten-thousandths.
FINEST_SHARE = 10_000

Measured = Annotated[Decimal, Field(gt=0, max_digits=15, decimal_places=2)]


class Rate(Part):
    """Points for each `per_amount` of money, or for each `per_quantity` of a unit of measure.

    An amount is taken without VAT unless `basis` is gross. A quantity is counted in `unit`;
    without one it is counted as it is sold. What costs nothing earns nothing, unless
    `include_free_goods` says so (S20).
    """

    sku: str | None = None
    group: str | None = None
    any: Literal[True] | None = None
    points: Points
    per_amount: Measured | None = None
    per_quantity: Measured | None = None
    basis: Literal["net_of_vat", "gross"] = "net_of_vat"
    unit: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    include_free_goods: bool = False

    @model_validator(mode="after")
    def _one_of_each(self) -> "Rate":
        if [self.sku, self.group, self.any].count(None) != 2:
            raise ValueError("name one of sku, group or any")
        if [self.per_amount, self.per_quantity].count(None) != 1:
            raise ValueError("give one of per_amount or per_quantity")
        if self.per_amount is None and self.basis == "gross":
            raise ValueError("basis goes with per_amount; a quantity bears no VAT")
        if self.per_quantity is None and (self.unit is not None or self.include_free_goods):
            raise ValueError("unit and include_free_goods go with per_quantity")
        return self

    @property
    def precedence(self) -> int:
        """The lowest wins: a product's own rate, its group's, any product's."""
        return 1 if self.sku else 2 if self.group else 3

    @property
    def per_e4(self) -> Fraction:
        """Points for each ten-thousandth of the measure."""
        return self.points / Fraction(self.per_amount or self.per_quantity or 0) / E4


def _percent(written: object) -> Fraction:
    percent = exact(str(written))
    if not 0 < percent <= 100 or (percent / 100).denominator > FINEST_SHARE:
        raise ValueError(
            "a share is in percent, as 70, 33.3 or 100/3: above 0, at most 100, and no finer "
            f"than 1/{FINEST_SHARE} of the whole"
        )
    return percent


class Split(Part):
    """The shares, in percent, of two advocates whom one line names (S13).

    What they leave of 100 % is nobody's.
    """

    advocate: Annotated[Fraction, BeforeValidator(_percent)]
    second_advocate: Annotated[Fraction, BeforeValidator(_percent)]

    @model_validator(mode="after")
    def _no_more_than_there_is(self) -> "Split":
        if self.advocate + self.second_advocate > 100:
            raise ValueError("the shares of a sale are more than 100 percent; lower one")
        if self.whole > FINEST_SHARE:
            raise ValueError("the shares have no common denominator small enough; round one off")
        return self

    @property
    def whole(self) -> int:
        """What the shares are counted in: so many make 100 %."""
        return lcm((self.advocate / 100).denominator, (self.second_advocate / 100).denominator)

    @property
    def shares(self) -> tuple[int, int]:
        """The two shares, in parts of `whole`."""
        return int(self.advocate * self.whole / 100), int(self.second_advocate * self.whole / 100)


class Version(Part):
    """The rates in force from one day to another, both included, and who shares what they bring."""

    version: Whole
    from_: date = Field(alias="from")
    until: date | None = None
    split: Split | None = None
    rates: tuple[Rate, ...]

    @model_validator(mode="after")
    def _one_rate_for_each(self) -> "Version":
        named = [(rate.sku, rate.group, rate.any) for rate in self.rates]
        if len(set(named)) < len(named):
            raise ValueError("a sku, a group or any has two rates; leave one")
        return self

    @cached_property
    def by_name(self) -> dict[tuple[int, str | None], Rate]:
        """Each rate by its precedence and the sku or group that it names."""
        return {(rate.precedence, rate.sku or rate.group): rate for rate in self.rates}

    def rate_of(self, sku: str, group: str | None) -> Rate | None:
        """The most precise rate of a product, or None if it has none."""
        named = [(1, sku), (2, group), (3, None)]
        return next((self.by_name[name] for name in named if name in self.by_name), None)


class Cap(Part):
    """The most that one advocate earns by a campaign in a period, by the days of sale (S4)."""

    points: Points
    period: Literal["month", "quarter", "year"]


class Campaign(Part):
    """A reason to earn, with its rates by version."""

    campaign: str
    number: Whole
    title: Words
    cap: Cap | None = None
    versions: tuple[Version, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _versions_fit(self) -> "Campaign":
        if len({version.version for version in self.versions}) < len(self.versions):
            raise ValueError("two versions have the same number")
        days = sorted((version.from_, version.until or date.max) for version in self.versions)
        if any(until < from_ for from_, until in days):
            raise ValueError("a version ends before it begins")
        if any(later[0] <= earlier[1] for earlier, later in pairwise(days)):
            raise ValueError("two versions are in force on the same day")
        return self

    @property
    def has_whole_months(self) -> bool:
        """Whether every version begins and ends with a month."""
        ends = {version.until or date.max for version in self.versions} - {date.max}
        firsts = [version.from_ for version in self.versions]
        return all(day.day == 1 for day in firsts + [end + timedelta(days=1) for end in ends])

    def version_on(self, day: date) -> Version | None:
        """The version in force on a day, or None if there is none."""
        return next(
            (
                version
                for version in self.versions
                if version.from_ <= day <= (version.until or date.max)
            ),
            None,
        )
