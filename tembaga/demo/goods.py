"""What the demo's distributors sell: the programme's products, with a price for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import TypeVar

from tembaga.rulepack import load_rulepack
from tembaga.settings import PROJECT

VAT_PERCENT = 11

_T = TypeVar("_T")

# Price in rupiah as it stands on the pack (with VAT), and how often it is asked for.
_PRICES: dict[str, tuple[int, int]] = {
    "RJW-M101": (47_000, 60), "RJW-M102": (52_000, 90), "RJW-M103": (64_000, 40),
    "RJW-M104": (43_000, 50), "RJW-M105": (53_000, 30), "RJW-M106": (49_000, 80),
    "RJW-M107": (51_500, 70), "RJW-M108": (78_000, 30), "RJW-M109": (105_000, 20),
    "RJW-M110": (98_000, 15), "RJW-M111": (39_000, 25), "RJW-C201": (385_000, 8),
    "RJW-C202": (118_000, 8), "RJW-C203": (365_000, 8), "RJW-C204": (98_000, 10),
    "RJW-C205": (268_000, 12), "RJW-C206": (71_000, 12), "RJW-C207": (214_000, 8),
    "RJW-C208": (57_000, 8), "RJW-D301": (298_000, 7), "RJW-D302": (575_000, 3),
    "RJW-D303": (312_000, 3), "RJW-D304": (49_500, 8), "RJW-D305": (236_000, 4),
    "RJW-G401": (18_500, 60), "RJW-G402": (62_000, 15), "RJW-G403": (240_000, 3),
    "RJW-G404": (78_000, 8), "RJW-G405": (112_000, 4), "RJW-P501": (27_500, 12),
    "RJW-P502": (46_000, 8), "RJW-P503": (38_000, 20), "RJW-K601": (24_000, 20),
    "RJW-K602": (86_000, 8), "RJW-K603": (41_000, 6), "RJW-B701": (29_000, 14),
    "RJW-B702": (9_500, 20), "RJW-B703": (58_000, 6), "RJW-Z901": (0, 3),
    "RJW-Z902": (0, 2), "RJW-Z903": (0, 4),
}  # fmt: skip


@dataclass(frozen=True)
class Good:
    """A product as a distributor sells it; its price is without VAT."""

    sku: str
    name: str
    price_minor: int
    demand: int


@cache
def goods() -> tuple[Good, ...]:
    """Every product of the programme, in the order of `products.csv`."""
    products = load_rulepack(PROJECT / "campaigns" / "demo").products
    return tuple(
        Good(product.sku, product.name, _without_vat(_PRICES[product.sku][0]), demand)
        for product in products
        for demand in [_PRICES[product.sku][1]]
    )


def draw_good(random: Random) -> Good:
    """A product, the more likely the more it is asked for."""
    return draw(random, [(good, good.demand) for good in goods()])


def draw(random: Random, weighted: Sequence[tuple[_T, int]]) -> _T:
    """One of the things by their whole weights. `random.choices` would draw by fractions."""
    left = random.randrange(sum(weight for _, weight in weighted))
    for thing, weight in weighted:
        left -= weight
        if left < 0:
            return thing
    raise AssertionError("the weights do not add up to their sum")


def _without_vat(rupiah: int) -> int:
    return rupiah * 100 * 100 // (100 + VAT_PERCENT)
