"""What a file of advocates must be: who joins says so, in which words, and where the proof is.

Whether an advocate or outlet is enrolled, and by whom, is found when the file is loaded: the
files before it may enrol them.
"""

from collections.abc import Iterable

import great_expectations as gx

from expectations.plain import Facts, plain_suite, where
from tembaga.plain_feeds import AdvocatesFeed
from tembaga.suites import Rule

OF_WHO_JOINS = ("name", "email", "phone", "outlet")
OF_CONSENT = ("consent_on", "consent_wording", "consent_proof")


def advocates_suite(feed: AdvocatesFeed, *, facts: Facts) -> gx.ExpectationSuite:
    """The rules, by the facts of its day."""
    return plain_suite(feed, _own_rules(), facts=facts)


def _own_rules() -> Iterable[Rule]:
    for name in OF_WHO_JOINS:
        yield where(
            "E_JOIN_INCOMPLETE",
            name,
            f"action = 'join' and {name}_text is null",
            notes="Vouchers and statements go to who has joined, so we must know where to.",
        )
    for name in OF_CONSENT:
        others = " or ".join(f"{other}_text is not null" for other in OF_CONSENT)
        yield where(
            "E_CONSENT",
            name,
            f"{name}_text is null and (action = 'join' or (action = 'change' and ({others})))",
            notes="Nobody is enrolled without consent: its day, the wording that was agreed to, "
            "and where the proof of it lies.",
        )
    yield where(
        "E_CONSENT_AFTER",
        "consent_on",
        "action = 'join' and consent_on > action_on",
        notes="Nobody takes part before having agreed to.",
    )
