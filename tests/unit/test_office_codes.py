"""The runbook shows the office's codes as they are."""

import re

from expectations.codes import CODES
from expectations.office import OFFICE_CODES, as_table
from tembaga.settings import PROJECT

RUNBOOK = PROJECT / "docs" / "runbooks" / "post_ledger.md"


def test_the_runbook_shows_the_codes_as_they_are(accept):
    runbook = RUNBOOK.read_text(encoding="utf-8")
    marked = re.compile(r"(<!-- codes:office -->\n).*(<!-- /codes:office -->)", re.DOTALL)

    expected = marked.sub(lambda found: f"{found[1]}{as_table()}\n{found[2]}", runbook)
    if accept:
        RUNBOOK.write_text(expected, encoding="utf-8")

    assert runbook == expected or accept


def test_whatever_posting_declines_has_its_sentence():
    models = (PROJECT / "dbt" / "models" / "posting").glob("*.sql")
    declined = {
        code
        for model in models
        for code in re.findall(r"'(E_[A-Z_]+|INSUFFICIENT)'", model.read_text(encoding="utf-8"))
    }

    assert "E_REVERSAL_SPENT" in declined
    assert declined <= set(OFFICE_CODES)


def test_a_sentence_has_no_end_of_its_own():
    for code in OFFICE_CODES.values():
        assert code.says[0].islower() or code.says.startswith("{")
        assert not code.says.endswith(".")
        assert not code.hint.endswith(".")


def test_codes_about_whole_files_are_those_of_the_partners():
    own = {"E_FILE_LINES"}  # A partner's file is not refused for its lines.

    assert {code for code in OFFICE_CODES if code.startswith("E_FILE_")} - own <= set(CODES)
