"""What a file of outlets must be: the rules of its columns are all that there are.

Whether an outlet is another partner's is found when the file is loaded, for that may have
changed since it came.
"""

import great_expectations as gx

from expectations.plain import Facts, plain_suite
from tembaga.plain_feeds import OutletsFeed


def outlets_suite(feed: OutletsFeed, *, facts: Facts) -> gx.ExpectationSuite:
    """The rules, by the facts of its day."""
    return plain_suite(feed, facts=facts)
