"""Rates as the warehouse looks them up: a row for each way in which a line can be measured.

A rate says what one unit of its measure earns. A line may be measured otherwise: its amount
with VAT, its quantity in cartons. Each such way gets a row of its own, with what a
ten-thousandth of *that* measure earns, exactly. All rows of a version get one divisor; weights
are whole numbers of 1/divisor points, so that nothing is rounded before the end (S1, S20).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from math import lcm

from tembaga.rulepack.campaign import Campaign, Rate, Version
from tembaga.rulepack.parts import RulePackError
from tembaga.rulepack.programme import Vat
from tembaga.rulepack.units import AS_SOLD, Units

LARGEST_DIVISOR = 10**13  # With it a document of 900,000 points still fits 64 bits.
LARGEST_MULTIPLIER = 2**63 - 1
NET, GROSS = "net", "gross"


@dataclass(frozen=True)
class Way:
    """What a ten-thousandth of a line's amount or quantity earns, on some days of sale.

    Where `unit`, `tax_basis`, `sku` or `group` is None, any will do.
    """

    version: int
    precedence: int
    sku: str | None
    group: str | None
    unit: str | None
    tax_basis: str | None
    from_: date
    until: date
    measure: str
    points: Fraction
    include_free_goods: bool


@dataclass(frozen=True)
class Rates:
    """Every way of a campaign, and the divisor of each of its versions."""

    ways: tuple[Way, ...]
    divisors: dict[int, int]

    def multiplier(self, way: Way) -> int:
        """The weight of a ten-thousandth of the measure, in 1/divisor points."""
        return int(way.points * self.divisors[way.version])


def work_out(
    campaign: Campaign, vat: Sequence[Vat], units: Units, groups: dict[str, str], *, file: str
) -> Rates:
    """Every way in which the rates of a campaign may be asked for.

    A divisor goes by all rates of VAT and all conversions, also those of other days, so that it
    only ever grows by a factor when one is added.

    Raises:
        RulePackError: The rates have no common denominator small enough.
    """
    ways = tuple(way for version in campaign.versions for way in _ways(version, vat, units, groups))
    divisors = {version.version: 1 for version in campaign.versions}
    for way in ways:
        divisors[way.version] = lcm(divisors[way.version], way.points.denominator)
    rates = Rates(ways, divisors)
    for version, divisor in divisors.items():
        of_version = (rates.multiplier(way) for way in ways if way.version == version)
        if divisor > LARGEST_DIVISOR or max(of_version, default=0) > LARGEST_MULTIPLIER:
            raise RulePackError(
                f"{file}: version {version}: its rates, with VAT and units of measure, have no "
                "common denominator small enough; round one off"
            )
    return rates


def periods(vat: Iterable[Vat], units: Units) -> list[tuple[int, date, date]]:
    """Days on which neither VAT nor a conversion changes: a number, the first day, the last day.

    The number of the days before any of them is 0, that of others their first day, as 20260131:
    it stays what it is when others are added.
    """
    days = {each.from_ for each in vat} | units.days
    days |= {
        day + timedelta(days=1) for day in {each.until or date.max for each in vat} - {date.max}
    }
    firsts = sorted({date.min} | days)
    lasts = [day - timedelta(days=1) for day in firsts[1:]] + [date.max]
    return [
        (0 if first == date.min else int(f"{first:%Y%m%d}"), first, last)
        for first, last in zip(firsts, lasts, strict=True)
    ]


def _ways(
    version: Version, vat: Sequence[Vat], units: Units, groups: dict[str, str]
) -> Iterator[Way]:
    for rate in version.rates:
        yield from _of_amount(version, rate, vat) if rate.per_amount else (_plain(version, rate),)
    for sku, spans in units.by_sku.items():
        counted = version.rate_of(sku, groups.get(sku))
        if counted is None or counted.per_amount:
            continue
        into = counted.unit or AS_SOLD
        for span in spans:
            for unit in sorted(span.units - {into}):
                if factor := span.factor(unit, into):
                    yield replace(
                        _plain(version, counted),
                        sku=sku,
                        group=None,
                        unit=unit,
                        from_=span.from_,
                        until=span.until,
                        points=counted.per_e4 * factor,
                    )


def _of_amount(version: Version, rate: Rate, vat: Iterable[Vat]) -> Iterator[Way]:
    """Of amounts on the rate's own basis, and on the other on days with VAT."""
    is_net = rate.basis == "net_of_vat"
    yield replace(_plain(version, rate), tax_basis=NET if is_net else GROSS)
    for each in vat:
        factor = 1 / (1 + each.rate) if is_net else 1 + each.rate
        yield replace(
            _plain(version, rate),
            tax_basis=GROSS if is_net else NET,
            from_=each.from_,
            until=each.until or date.max,
            points=rate.per_e4 * factor,
        )


def _plain(version: Version, rate: Rate) -> Way:
    """Of a line that is measured as the rate is."""
    return Way(
        version=version.version,
        precedence=rate.precedence,
        sku=rate.sku,
        group=rate.group,
        unit=None if rate.per_amount else rate.unit or AS_SOLD,
        tax_basis=None,
        from_=date.min,
        until=date.max,
        measure="amount" if rate.per_amount else "quantity",
        points=rate.per_e4,
        include_free_goods=rate.include_free_goods,
    )
