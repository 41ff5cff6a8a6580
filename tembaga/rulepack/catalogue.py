"""`catalogue.yml` and `products.csv`: what points buy, and what is sold."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from tembaga.rulepack.parts import Part, Points, RulePackError, Words, read_part, read_table, where
from tembaga.rulepack.programme import MINOR_UNITS, Programme


class Reward(Part):
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


class Catalogue(Part):
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


def read_catalogue(path: Path, programme: Programme) -> Catalogue:
    """Read the catalogue of a programme.

    Raises:
        RulePackError: It cannot be read, or does not fit its schema or the programme.
    """
    catalogue = read_part(Catalogue, path)
    for reward in catalogue.rewards:
        what = f"{where(path)}: {reward.reward}"
        if reward.currency != programme.currency:
            raise RulePackError(f"{what}: currency must be the programme's, {programme.currency}")
        if reward.face != reward.face.quantize(Decimal(1).scaleb(-MINOR_UNITS[reward.currency])):
            raise RulePackError(f"{what}: face is finer than the currency's minor unit")
    return catalogue


def read_products(path: Path) -> tuple[Product, ...]:
    """Read the list of products.

    Raises:
        RulePackError: It cannot be read, or a product stands there twice.
    """
    rows = read_table(path, ["sku", "name", "group"])
    products = tuple(Product(**row) for _, row in rows)
    if len({product.sku for product in products}) < len(products):
        raise RulePackError(f"{where(path)}: a sku stands there twice")
    return products
