"""The rule pack: the programme, its campaigns, its catalogue, its products and their units.

A manager edits these files under `campaigns/<programme>/`. Each posting batch records the
digest of the pack it was posted with. Rates are exact rationals; no float touches a point.

    programme.yml   what holds for everyone       catalogue.yml   what points buy
    base.yml        what a sale earns             products.csv    what is sold
                                                  units.csv       how it is counted

The methods `…_rows` give what the raw tables of the warehouse hold (`tembaga/warehouse.py`);
there SQL looks up, and computes with no rate.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

from tembaga.rulepack.campaign import Campaign
from tembaga.rulepack.catalogue import (
    Catalogue,
    Product,
    Reward,
    read_catalogue,
    read_products,
)
from tembaga.rulepack.parts import RulePackError, read_part, where
from tembaga.rulepack.programme import MINOR_UNITS, Contact, Programme
from tembaga.rulepack.rates import NET, Rates, periods, work_out
from tembaga.rulepack.units import AS_SOLD, Units, read_units

__all__ = [
    "MINOR_UNITS",
    "Contact",
    "Programme",
    "Reward",
    "RulePack",
    "RulePackError",
    "load_programme",
    "load_rulepack",
]

Row = dict[str, object]
Hindrance = Literal["E_UNIT", "E_TAX"]


@dataclass(frozen=True)
class RulePack:
    """All of `campaigns/<programme>/`, and the digest of what was read."""

    programme: Programme
    base: Campaign
    catalogue: Catalogue
    products: tuple[Product, ...]
    units: Units
    rates: Rates
    sha256: str

    @cached_property
    def groups(self) -> dict[str, str]:
        """The group of each product."""
        return {product.sku: product.group for product in self.products}

    def hindrance(
        self, *, sku: str, unit: str | None, tax_basis: str | None, day: date
    ) -> Hindrance | None:
        """Why a line of this product and day cannot be rated yet, or None (S20).

        E_UNIT: its unit has no conversion into the one that the rate goes by. E_TAX: its
        amount is on another basis than the rate's, and no VAT is in force.
        """
        version = self.base.version_on(day)
        rate = version and version.rate_of(sku, self.groups.get(sku))
        if not rate:
            return None
        if rate.per_quantity:
            factor = self.units.factor(sku, unit or AS_SOLD, rate.unit or AS_SOLD, day)
            return "E_UNIT" if factor is None else None
        is_same = (rate.basis == "net_of_vat") == ((tax_basis or NET) == NET)
        return None if is_same or self.programme.vat_on(day) is not None else "E_TAX"

    def may_hinder(self, *, has_units: bool, tax_basis: str) -> bool:
        """Whether there can be a hindrance for any line at all: mostly there is none."""
        return any(
            (has_units or rate.unit is not None)
            if rate.per_quantity
            else (rate.basis == "net_of_vat") != (tax_basis == NET)
            for version in self.base.versions
            for rate in version.rates
        )

    def split_days(self) -> list[tuple[date, date]]:
        """The days of sale whose points may be shared: first and last of each span (S13)."""
        return [
            (version.from_, version.until or date.max)
            for version in self.base.versions
            if version.split
        ]

    def spans(self) -> list[tuple[date, date]]:
        """All days, cut where a hindrance may come or go: first and last day of each span."""
        firsts = {first for _, first, _ in periods(self.programme.vat, self.units)}
        firsts |= {version.from_ for version in self.base.versions}
        ends = {version.until or date.max for version in self.base.versions} - {date.max}
        cuts = sorted(firsts | {end + timedelta(days=1) for end in ends})
        lasts = [cut - timedelta(days=1) for cut in cuts[1:]] + [date.max]
        return list(zip(cuts, lasts, strict=True))

    def programme_row(self) -> Row:
        """The one row of `raw.programme`."""
        named = [
            "currency", "rounding", "pending_days", "match_days", "grace_days", "clawback",
            "expiry_months", "expiry_round_up", "expiry_lag_days", "arrears_limit",
            "write_off_days", "claim_grace_days",
        ]  # fmt: skip
        return {name: getattr(self.programme, name) for name in named}

    def product_rows(self) -> list[Row]:
        """The rows of `raw.products`."""
        return [
            {"sku": product.sku, "name": product.name, "product_group": product.group}
            for product in self.products
        ]

    def version_rows(self) -> list[Row]:
        """The rows of `raw.versions`."""
        return [
            {
                "campaign_no": self.base.number,
                "version_no": version.version,
                "from_on": version.from_,
                "until_on": version.until or date.max,
                "divisor": self.rates.divisors[version.version],
                "first_share": version.split.shares[0] if version.split else 1,
                "second_share": version.split.shares[1] if version.split else 0,
                "share_divisor": version.split.whole if version.split else 1,
            }
            for version in self.base.versions
        ]

    def rate_rows(self) -> list[Row]:
        """The rows of `raw.rates`."""
        return [
            {
                "campaign_no": self.base.number,
                "version_no": way.version,
                "sku": way.sku,
                "product_group": way.group,
                "precedence": way.precedence,
                "unit": way.unit,
                "tax_basis": way.tax_basis,
                "from_on": way.from_,
                "until_on": way.until,
                "measure": way.measure,
                "multiplier": self.rates.multiplier(way),
                "include_free_goods": way.include_free_goods,
            }
            for way in self.rates.ways
        ]

    def tax_rows(self) -> list[Row]:
        """The rows of `raw.taxes`."""
        return [
            {"tax_no": number, "from_on": first, "until_on": last}
            for number, first, last in periods(self.programme.vat, self.units)
        ]

    def cap_rows(self) -> list[Row]:
        """The rows of `raw.caps`: one, or none if what is earned has no cap."""
        cap = self.base.cap
        if cap is None:
            return []
        return [{"campaign_no": self.base.number, "period": cap.period, "points": cap.points}]


def load_rulepack(folder: Path) -> RulePack:
    """Read the rule pack of a programme. One that is as it was before is not read again.

    Raises:
        RulePackError: A file is missing, is not YAML or CSV, or does not fit its schema.
    """
    names = ("programme.yml", "base.yml", "catalogue.yml", "products.csv", "units.csv")
    there = [path for name in names if (path := folder / name).exists()]
    try:
        sha256 = _digest(there)
    except OSError as error:
        raise RulePackError(f"{where(folder)}: cannot be read: {error}") from error
    return _read(folder, sha256)


@lru_cache(maxsize=8)
def _read(folder: Path, sha256: str) -> RulePack:
    catalogue, products, units = (
        folder / name for name in ("catalogue.yml", "products.csv", "units.csv")
    )
    programme, base = load_programme(folder), read_part(Campaign, folder / "base.yml")
    listed = read_products(products) if products.exists() else ()
    groups = {product.sku: product.group for product in listed}
    if programme.rounding == "month" and not base.has_whole_months:
        raise RulePackError(
            f"{where(folder / 'base.yml')}: with rounding: month, a version begins on the first "
            "day of a month and ends on the last; move it, or round by document"
        )
    counted = read_units(units, set(groups)) if units.exists() else Units()
    return RulePack(
        programme=programme,
        base=base,
        catalogue=read_catalogue(catalogue, programme) if catalogue.exists() else Catalogue(),
        products=listed,
        units=counted,
        rates=work_out(base, programme.vat, counted, groups, file=where(folder / "base.yml")),
        sha256=sha256,
    )


def load_programme(folder: Path) -> Programme:
    """Read `programme.yml` alone.

    Raises:
        RulePackError: It is missing, is not YAML, or does not fit its schema.
    """
    return read_part(Programme, folder / "programme.yml")


def _digest(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
