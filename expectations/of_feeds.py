"""The suite of each plain feed, by the feed's name."""

from collections.abc import Callable
from datetime import date
from typing import Any

import great_expectations as gx

from expectations.advocates import advocates_suite
from expectations.outlets import outlets_suite
from tembaga.plain_feeds import PlainFeed

SUITES: dict[str, Callable[..., gx.ExpectationSuite]] = {
    "outlets": outlets_suite,
    "advocates": advocates_suite,
}


def suite_of(feed: PlainFeed, *, latest_on: date, **known: Any) -> gx.ExpectationSuite:
    """The rules of a feed, for a file that may tell of days until `latest_on`."""
    return SUITES[feed.name](feed, latest_on=latest_on, **known)
