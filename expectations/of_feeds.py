"""The suite of each plain feed, by the feed's name."""

from collections.abc import Callable

import great_expectations as gx

from expectations.activities import activities_suite
from expectations.advocates import advocates_suite
from expectations.claims import claims_suite
from expectations.opening_balances import opening_balances_suite
from expectations.outlets import outlets_suite
from expectations.plain import Facts
from expectations.products import products_suite
from expectations.requests import requests_suite
from expectations.voucher_status import voucher_status_suite
from tembaga.plain_feeds import PlainFeed

SUITES: dict[str, Callable[..., gx.ExpectationSuite]] = {
    "outlets": outlets_suite,
    "advocates": advocates_suite,
    "requests": requests_suite,
    "claims": claims_suite,
    "voucher_status": voucher_status_suite,
    "products": products_suite,
    "opening_balances": opening_balances_suite,
    "activities": activities_suite,
}


def suite_of(feed: PlainFeed, facts: Facts) -> gx.ExpectationSuite:
    """The rules of a feed, by the facts of the day on which its file came."""
    return SUITES[feed.name](feed, facts=facts)
