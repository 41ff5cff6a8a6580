"""What a file of activities must be: each is done by one advocate, and a referral wins another.

Whether those are enrolled, and whether an activity came before, is found when the file is
loaded: the files before it may enrol them.
"""

from collections.abc import Iterable

import great_expectations as gx

from expectations.plain import Facts, plain_suite, where
from tembaga.plain_feeds import ActivitiesFeed
from tembaga.suites import Rule


def activities_suite(feed: ActivitiesFeed, *, facts: Facts) -> gx.ExpectationSuite:
    """The rules, by the facts of its day."""
    return plain_suite(feed, _own_rules(), facts=facts)


def _own_rules() -> Iterable[Rule]:
    yield where(
        "E_REFERRAL",
        "referred_advocate",
        "activity = 'referral' "
        "and (referred_advocate_text is null or referred_advocate = advocate)",
        notes="A referral rewards two: the one who won an advocate, and the one who was won (S22).",
    )
    yield where(
        "E_NO_REFERRAL",
        "referred_advocate",
        "activity <> 'referral' and referred_advocate_text is not null",
        notes="Somebody was won, and yet it is no referral: the word or the name is wrong.",
    )
