"""Every answer is complete in both languages, and the distributor's guide shows them all."""

import re
from datetime import date
from string import Formatter

import pytest

from expectations.codes import CODES, as_tables
from expectations.of_feeds import suite_of
from expectations.plain import Facts
from expectations.sales import repeats_suite, sales_suite
from tembaga.feeds import SalesFeed
from tembaga.plain_feeds import PLAIN_FEEDS
from tembaga.settings import PROJECT

GUIDE = PROJECT / "sftp_inbound" / "README.md"
COLUMNS = (
    "document", "document_line", "document_date", "advocate", "second_advocate", "outlet", "sku",
    "quantity", "amount", "version",
)  # fmt: skip
STRICT_FEED = SalesFeed.model_validate(
    {
        "files": "*",
        "format": "csv",
        "currency": "IDR",
        "control_total": {"mark": "TOTAL"},
        "columns": {name: {"header": name} for name in COLUMNS}
        | {"action": {"header": "action", "void": ["V"]}},
        "not_products": ["FREIGHT"],
        "plausible": {"closed": {"weekdays": ["sun"]}, "one_outlet": True},
    }
)
RULES = [
    *sales_suite(
        STRICT_FEED,
        oldest_on=date(2026, 1, 1),
        latest_on=date(2026, 3, 2),
        split_days=((date(2026, 1, 1), date(2026, 1, 31)),),
        has_products=True,
        has_hindrances=True,
        has_leavers=True,
    ).expectations,
    *repeats_suite().expectations,
]
PLAIN_RULES = [
    rule
    for feed in PLAIN_FEEDS
    for rule in suite_of(
        feed.model_validate(
            {
                "files": "*",
                "format": "csv",
                "columns": {
                    name: {"header": name}
                    for name in feed.model_fields["columns"].annotation.model_fields
                },
            }
        ),
        Facts(latest_on=date(2026, 3, 2), two_approve_above=100),
    ).expectations
]
FOUND_BY_LOADING = {
    "RETURN_UNMATCHED", "E_NOTHING_TO_CORRECT", "E_BELOW_RETURNS", "TAKEN_UP", "E_OUTLIER",
    "WITHDRAWN",
    "E_QUARTER_END", "E_NOT_CREDIBLE", "E_NOT_ENROLLED", "E_ENROLLED_ELSEWHERE",
    "E_REQUEST_TWICE", "E_ACTIVITY_TWICE", "E_WITH_OTHERS",
}  # fmt: skip
# An advocate may be unknown as the first or the second; a second claimant may stand in a line of
# its own or in the same one.
TOLD_OF_TWO_COLUMNS = ["E_ADVOCATE_UNKNOWN", "E_DOUBLE_CLAIM", "E_ADVOCATE_LEFT"]


def places(sentence: str) -> set[str]:
    """The values that a sentence places."""
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("code", CODES.values(), ids=lambda code: code.code)
def test_both_languages_say_the_same(code):
    assert all([code.id, code.en, code.hint_id, code.hint_en])
    assert places(code.id) == places(code.en)
    assert places(code.hint_id) == places(code.hint_en) <= places(code.id)
    assert code.severity == "file" or places(code.id) == set()


@pytest.mark.parametrize("rule", [*RULES, *PLAIN_RULES], ids=lambda rule: rule.code)
def test_a_rule_has_a_reason_and_the_severity_of_its_code(rule):
    assert rule.notes
    assert rule.meta["severity"] == CODES[rule.code].severity


def test_every_code_of_a_line_has_exactly_one_rule_for_a_column():
    codes = [rule.code for rule in RULES if CODES[rule.code].severity != "file"]

    of_lines = {code.code for code in CODES.values() if code.severity != "file"}
    of_plain_feeds = {rule.code for rule in PLAIN_RULES}
    elsewhere = FOUND_BY_LOADING | (of_plain_feeds - set(codes))
    assert sorted(codes) == sorted([*(of_lines - elsewhere), *TOLD_OF_TWO_COLUMNS])
    assert len({(rule.code, rule.meta["field"]) for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("language", ["id", "en"])
def test_the_guide_shows_the_codes_as_they_are(language, accept):
    guide = GUIDE.read_text(encoding="utf-8")
    marked = re.compile(rf"(<!-- codes:{language} -->\n).*(<!-- /codes:{language} -->)", re.DOTALL)
    current = marked.sub(
        lambda found: f"{found[1]}\n### {_title(language)}\n\n{as_tables(language)}\n\n{found[2]}",
        guide,
    )
    if accept:
        GUIDE.write_text(current, encoding="utf-8")

    assert guide == current or accept, "Run `pytest tests/unit/test_codes.py --accept`."


def _title(language: str) -> str:
    return "Kode jawaban" if language == "id" else "Codes"
