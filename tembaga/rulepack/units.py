"""`units.csv`: how the units of measure of a product are converted, exactly (S20).

    sku,unit,contains,of,from
    OIL,carton,12,bottle,2026-01-01     a carton contains 12 bottles
    OIL,bottle,0.8,L,2026-01-01         and a bottle 0.8 L; 4/5 may be written as well
    OIL,,1,bottle,2026-01-01            a line that names no unit counts bottles

A unit that holds something else from some day on gets a second row with that day; the first
stays for the days before. An empty `unit` or `of` is the product as it is sold, which is what a
line counts that names no unit.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

from tembaga.rulepack.parts import RulePackError, exact, read_table, where

AS_SOLD = ""  # The unit of a line that names none.
COLUMNS = ["sku", "unit", "contains", "of", "from"]

Content = Mapping[str, tuple[Fraction, str]]  # What one of each unit contains, on some day.


@dataclass(frozen=True)
class Conversion:
    """From a day on, one `unit` of a product contains so much of another unit."""

    sku: str
    unit: str
    contains: Fraction
    of: str
    from_: date


@dataclass(frozen=True)
class Span:
    """Days, both included, on which the units of a product contain the same."""

    from_: date
    until: date
    content: Content

    def factor(self, unit: str, into: str) -> Fraction | None:
        """How many of `into` one `unit` is; None if it cannot be known."""
        ways_up = dict(_way_up(into, self.content))
        for met, factor in _way_up(unit, self.content):
            if met in ways_up:
                return factor / ways_up[met]
        return None

    @property
    def units(self) -> set[str]:
        """Every unit that is named."""
        return set(self.content) | {of for _, of in self.content.values()}


class Units:
    """The conversions of a programme."""

    def __init__(self, conversions: Iterable[Conversion] = ()) -> None:
        """Put the conversions of each product in the order of their days."""
        by_sku: dict[str, list[Conversion]] = {}
        for conversion in sorted(conversions, key=lambda each: each.from_):
            by_sku.setdefault(conversion.sku, []).append(conversion)
        self.by_sku = {sku: tuple(_spans(of_sku)) for sku, of_sku in by_sku.items()}

    @property
    def days(self) -> set[date]:
        """The days on which a conversion begins."""
        return {span.from_ for spans in self.by_sku.values() for span in spans}

    def factor(self, sku: str, unit: str, into: str, day: date) -> Fraction | None:
        """How many of `into` one `unit` of a product is on a day; None if it cannot be known."""
        if unit == into:
            return Fraction(1)
        for span in self.by_sku.get(sku, ()):
            if span.from_ <= day <= span.until:
                return span.factor(unit, into)
        return None


def read_units(path: Path, skus: set[str]) -> Units:
    """Read the conversions of a programme; of the products in `skus`, if there are any.

    Raises:
        RulePackError: The file cannot be read, or a row makes no sense.
    """
    found: dict[tuple[str, str, date], Conversion] = {}
    for line, row in read_table(path, COLUMNS):
        try:
            conversion = _conversion(row, skus)
            key = (conversion.sku, conversion.unit, conversion.from_)
            if key in found:
                raise ValueError("this unit of this sku stands there twice for the same day")
        except ValueError as error:
            raise RulePackError(f"{where(path)}: line {line}: {error}") from error
        found[key] = conversion
    units = Units(found.values())
    for sku, spans in units.by_sku.items():
        for span in spans:
            if unit := _in_a_circle(span.content):
                raise RulePackError(
                    f"{where(path)}: {sku}: {unit} contains itself by way of other units from "
                    f"{span.from_} on; take one of these rows out"
                )
    return units


def _conversion(row: dict[str, str], skus: set[str]) -> Conversion:
    if not row["sku"]:
        raise ValueError("sku is empty")
    if skus and row["sku"] not in skus:
        raise ValueError(f"sku: {row['sku']} is not in products.csv; add it there first")
    if row["unit"] == row["of"]:
        raise ValueError("unit and of are the same")
    contains = exact(row["contains"])
    if contains <= 0 or max(contains.as_integer_ratio()) > 10**6:
        raise ValueError("contains must be above 0, and no finer or larger than a million")
    try:
        from_ = date.fromisoformat(row["from"])
    except ValueError:
        raise ValueError(f"from: {row['from']!r} is no day; write it as 2026-01-31") from None
    return Conversion(row["sku"], row["unit"], contains, row["of"], from_)


def _spans(conversions: list[Conversion]) -> Iterator[Span]:
    days = sorted({conversion.from_ for conversion in conversions})
    for from_, following in zip(days, [*days[1:], None], strict=True):
        content = {
            each.unit: (each.contains, each.of) for each in conversions if each.from_ <= from_
        }
        yield Span(from_, following - timedelta(days=1) if following else date.max, content)


def _way_up(unit: str, content: Content) -> Iterator[tuple[str, Fraction]]:
    """The unit itself, what it contains, what that contains and so on, and how many of each."""
    factor = Fraction(1)
    yield unit, factor
    while unit in content:
        contains, unit = content[unit]
        factor *= contains
        yield unit, factor


def _in_a_circle(content: Content) -> str | None:
    """A unit that contains itself by way of others, in words; None if there is none."""
    for first in content:
        unit = content[first][1]
        for _ in content:
            if unit == first:
                return first or "the product as it is sold"
            if unit not in content:
                break
            unit = content[unit][1]
    return None
