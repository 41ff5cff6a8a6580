"""The rule pack: the programme, its campaigns, its catalogue and its products.

A manager edits these files under `campaigns/<programme>/`. Each posting batch records the
digest of the pack it was posted with. Rates are exact rationals; no float touches a point.
"""

import csv
import hashlib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import lcm
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

E4 = 10_000  # Line amounts and quantities are kept in ten-thousandths.
LARGEST_DIVISOR = 10**13  # With it a document of 900,000 points still fits 64 bits.

MINOR_UNITS = {"IDR": 2, "GBP": 2, "EUR": 2, "USD": 2, "MYR": 2, "SGD": 2, "JPY": 0}

Whole = Annotated[int, Field(gt=0)]
Points = Annotated[int, Field(gt=0, le=1_000_000_000)]


class RulePackError(Exception):
    """A file of the rule pack that cannot be used; the sentence names file, field and remedy."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_P = TypeVar("_P", bound=_Part)


class Words(_Part):
    """The same words in Indonesian and in English."""

    id: str
    en: str


class Contact(_Part):
    """Whom an advocate asks."""

    name: str
    email: str


class Programme(_Part):
    """What holds for every advocate and campaign of one principal."""

    name: str
    principal: str
    brand: str
    time_zone: str = "Asia/Jakarta"
    currency: Literal["IDR", "GBP", "EUR", "USD", "MYR", "SGD", "JPY"]
    pending_days: int = Field(ge=0, le=365, description="From sale to available (S6).")
    expiry_months: int = Field(ge=1, le=120, description="From available to last day (S7).")
    expiry_round_up: Literal["none", "month"] = "month"
    contact: Contact


class Rate(_Part):
    """Points for each `per_amount` of money, or for each `per_quantity` of sales units."""

    sku: str | None = None
    group: str | None = None
    any: Literal[True] | None = None
    points: Points
    per_amount: Annotated[Decimal, Field(gt=0, max_digits=15, decimal_places=2)] | None = None
    per_quantity: Annotated[Decimal, Field(gt=0, max_digits=15, decimal_places=2)] | None = None

    @model_validator(mode="after")
    def _one_of_each(self) -> "Rate":
        if [self.sku, self.group, self.any].count(None) != 2:
            raise ValueError("name one of sku, group or any")
        if [self.per_amount, self.per_quantity].count(None) != 1:
            raise ValueError("give one of per_amount or per_quantity")
        return self

    @property
    def per_e4(self) -> Fraction:
        """Points for each ten-thousandth of the measure."""
        return self.points / Fraction(self.per_amount or self.per_quantity or 0) / E4


class Version(_Part):
    """The rates in force from one day to another, both included."""

    version: Whole
    from_: date = Field(alias="from")
    until: date | None = None
    rates: tuple[Rate, ...]

    @model_validator(mode="after")
    def _one_rate_for_each(self) -> "Version":
        named = [(rate.sku, rate.group, rate.any) for rate in self.rates]
        if len(set(named)) < len(named):
            raise ValueError("a sku, a group or any has two rates; leave one")
        return self

    @property
    def divisor(self) -> int:
        """The common denominator: weights are whole numbers of 1/divisor points."""
        return lcm(*(rate.per_e4.denominator for rate in self.rates))


class Campaign(_Part):
    """A reason to earn, with its rates by version."""

    campaign: str
    number: Whole
    title: Words
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
        if any(version.divisor > LARGEST_DIVISOR for version in self.versions):
            raise ValueError("the rates have no common denominator small enough; round one off")
        return self


class Reward(_Part):
    """Something that points are redeemed for, at its price of today."""

    reward: str
    merchant: str
    name: Words
    points: Points
    face: Annotated[Decimal, Field(gt=0, max_digits=15)]
    currency: str
    usable_days: int = Field(gt=0, le=3650)
    deliver_to: Literal["code", "phone", "outlet"]

    @property
    def face_minor(self) -> int:
        """The face in the currency's minor unit."""
        return int(self.face.scaleb(MINOR_UNITS[self.currency]))


class Catalogue(_Part):
    """Every reward that may be asked for."""

    rewards: tuple[Reward, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> "Catalogue":
        if len({reward.reward for reward in self.rewards}) < len(self.rewards):
            raise ValueError("a reward stands there twice; leave one")
        return self


@dataclass(frozen=True)
class Product:
    """One product of the principal, and the group that its rate goes by."""

    sku: str
    name: str
    group: str


@dataclass(frozen=True)
class RulePack:
    """All of `campaigns/<programme>/`, and the digest of what was read."""

    programme: Programme
    base: Campaign
    catalogue: Catalogue
    products: tuple[Product, ...]
    sha256: str


def load_rulepack(folder: Path) -> RulePack:
    """Read the rule pack of a programme.

    Raises:
        RulePackError: A file is missing, is not YAML or CSV, or does not fit its schema.
    """
    catalogue, products = folder / "catalogue.yml", folder / "products.csv"
    programme = load_programme(folder)
    read = [folder / "programme.yml", folder / "base.yml"]
    read += [path for path in (catalogue, products) if path.exists()]
    return RulePack(
        programme=programme,
        base=_load(Campaign, folder / "base.yml"),
        catalogue=_catalogue(catalogue, programme) if catalogue.exists() else Catalogue(),
        products=_products(products) if products.exists() else (),
        sha256=_digest(read),
    )


def load_programme(folder: Path) -> Programme:
    """Read `programme.yml` alone."""
    return _load(Programme, folder / "programme.yml")


def _load(kind: type[_P], path: Path) -> _P:
    where = f"{path.parent.name}/{path.name}"
    try:
        return kind.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RulePackError(f"{where}: cannot be read as YAML: {error}") from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or path.stem}: {fault['msg']}"
            for fault in error.errors()
        )
        raise RulePackError(f"{where}: {faults}") from error


def _catalogue(path: Path, programme: Programme) -> Catalogue:
    catalogue = _load(Catalogue, path)
    for reward in catalogue.rewards:
        where = f"{path.parent.name}/{path.name}: {reward.reward}"
        if reward.currency != programme.currency:
            raise RulePackError(f"{where}: currency must be the programme's, {programme.currency}")
        if reward.face != reward.face.quantize(Decimal(1).scaleb(-MINOR_UNITS[reward.currency])):
            raise RulePackError(f"{where}: face is finer than the currency's minor unit")
    return catalogue


def _products(path: Path) -> tuple[Product, ...]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            products = tuple(
                Product(row["sku"], row["name"], row["group"]) for row in csv.DictReader(file)
            )
    except (OSError, UnicodeDecodeError, KeyError, csv.Error) as error:
        raise RulePackError(
            f"{path.parent.name}/{path.name}: cannot be read as UTF-8 CSV with the columns "
            f"sku, name and group: {error}"
        ) from error
    if len({product.sku for product in products}) < len(products):
        raise RulePackError(f"{path.parent.name}/{path.name}: a sku stands there twice")
    return products


def _digest(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
