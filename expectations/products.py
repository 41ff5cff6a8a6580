"""What a file of products must be: the partner's own codes, each for a product of ours."""

from collections.abc import Iterable

import great_expectations as gx

from expectations.plain import Facts, plain_suite, where
from tembaga.plain_feeds import ProductsFeed
from tembaga.suites import Rule


def products_suite(feed: ProductsFeed, *, facts: Facts) -> gx.ExpectationSuite:
    """The rules; `products` lists what the programme has; one that lists none has any."""
    return plain_suite(feed, _own_rules(), facts=facts)


def _own_rules() -> Iterable[Rule]:
    yield where(
        "E_SKU_UNKNOWN",
        "sku",
        "sku not in (select name from products) and exists (select 1 from products)",
        notes="A code that leads to no product of the programme translates nothing.",
    )
