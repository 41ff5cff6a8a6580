"""What a merchant's file of claims must be: codes that can be read, and money that can be paid.

Whether a voucher is this merchant's, was used before, or is worth as much, is found when the
claim is posted: what is not payable is disputed there, voucher by voucher (S17).
"""

from collections.abc import Iterable

import great_expectations as gx

from expectations.plain import Facts, plain_suite, where
from tembaga.plain_feeds import ClaimsFeed
from tembaga.suites import Rule

MONEY_MAX = 10**15  # In minor units.


def claims_suite(feed: ClaimsFeed, *, facts: Facts) -> gx.ExpectationSuite:
    """The rules; `vouchers` has what is known of each line's code."""
    return plain_suite(feed, _own_rules(facts), facts=facts)


def _own_rules(facts: Facts) -> Iterable[Rule]:
    yield mistyped()
    minor = f"amount * {10**facts.minor_digits}"
    yield where(
        "E_MONEY_RANGE",
        "amount",
        f"amount <= 0 or amount >= {MONEY_MAX} or {minor} % 1 <> 0 or {minor} > {MONEY_MAX}",
        notes="What is claimed is paid by bank: more than nothing, in whole minor units.",
    )


def mistyped() -> Rule:
    """The rule that every code can be read."""
    return where(
        "E_VOUCHER_CODE",
        "code",
        "line_no in (select line_no from vouchers where is_mistyped)",
        notes="The last character of a code tells whether the others are as they were printed. "
        "Typed again, it may be found.",
    )
