"""What a file of outlets must be: the rules of its columns are all that there are.

Whether an outlet is another partner's is found when the file is loaded, for that may have
changed since it came.
"""

from datetime import date

import great_expectations as gx

from expectations.plain import plain_suite
from tembaga.plain_feeds import OutletsFeed


def outlets_suite(feed: OutletsFeed, *, latest_on: date) -> gx.ExpectationSuite:
    """The rules, for a file that may tell of days until `latest_on`."""
    return plain_suite(feed, latest_on=latest_on)
