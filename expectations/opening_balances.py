"""What a file of opening balances must be: lots of who is enrolled, that last a day or more.

It is taken whole or not at all, so that it can be taken back as the batch that it is.
"""

from collections.abc import Iterable

import great_expectations as gx

from expectations.plain import Facts, plain_suite, where
from tembaga.plain_feeds import OpeningBalancesFeed
from tembaga.suites import Rule


def opening_balances_suite(feed: OpeningBalancesFeed, *, facts: Facts) -> gx.ExpectationSuite:
    """The rules; `advocates` lists who is enrolled."""
    return plain_suite(feed, _own_rules(), facts=facts)


def _own_rules() -> Iterable[Rule]:
    yield where(
        "E_NOT_ENROLLED",
        "advocate",
        "advocate is not null and advocate not in (select name from advocates)",
        notes="Who is not enrolled would hear of no points, and could not redeem them.",
    )
    yield where(
        "E_OPENING_EXPIRED",
        "expires_on",
        "expires_on < earned_on",
        notes="Points that lapse before they are earned are two days that changed places.",
    )
