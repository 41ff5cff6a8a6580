"""What a file of requests must be: somebody who is enrolled wants a reward of the catalogue.

Whether a request came before is found when the file is loaded; whether there are points enough,
when it is posted.
"""

from collections.abc import Iterable

import great_expectations as gx

from expectations.plain import Facts, plain_suite, where
from tembaga.plain_feeds import RequestsFeed
from tembaga.suites import Rule


def requests_suite(feed: RequestsFeed, *, facts: Facts) -> gx.ExpectationSuite:
    """The rules; `advocates` and `rewards` list who and what there is."""
    return plain_suite(feed, _own_rules(), facts=facts)


def _own_rules() -> Iterable[Rule]:
    yield where(
        "E_NOT_ENROLLED",
        "advocate",
        "advocate is not null and advocate not in (select name from advocates)",
        notes="Who is not enrolled has no points to redeem.",
    )
    yield where(
        "E_REWARD_UNKNOWN",
        "reward",
        "reward is not null and reward not in (select name from rewards)",
        notes="Only what the catalogue has can be delivered, and has a price.",
    )
