"""What a merchant's file of voucher status must be: about vouchers that this merchant has."""

from collections.abc import Iterable

import great_expectations as gx

from expectations.claims import mistyped
from expectations.plain import Facts, plain_suite, where
from tembaga.plain_feeds import VoucherStatusFeed
from tembaga.suites import Rule


def voucher_status_suite(feed: VoucherStatusFeed, *, facts: Facts) -> gx.ExpectationSuite:
    """The rules; `vouchers` has what is known of each line's code."""
    return plain_suite(feed, _own_rules(), facts=facts)


def _own_rules() -> Iterable[Rule]:
    yield mistyped()
    yield where(
        "E_VOUCHER_UNKNOWN",
        "code",
        "line_no in (select line_no from vouchers "
        "where not is_mistyped and (request_no is null or not is_own))",
        notes="A merchant tells of its own vouchers alone, and learns nothing of others.",
    )
    yield where(
        "E_REASON",
        "reason",
        "status = 'rejected' and reason_text is null",
        notes="The points go back to the advocate, who may ask why.",
    )
