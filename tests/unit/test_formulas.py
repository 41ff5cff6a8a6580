"""Text from outside is no formula in what we write, however it begins."""

import pytest

from tembaga.formulas import harmless
from tembaga.question_tables import csv_of
from tembaga.questions import Answer


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r=1", "\n=1", "\xa0=1", "\u200b=1",
     "\ufeff=1", "＝1", "\u3000＋1", "\tx"],
)  # fmt: skip
def test_what_a_spreadsheet_may_take_for_a_formula_becomes_text(text: str):
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "F-1", "1-1", "a=b", '"=1', "'=1", "Toko @ Jaya"])
def test_other_text_stays_as_it_is(text: str):
    assert harmless(text) == text


def test_answers_for_programs_hold_no_formula():
    answer = Answer("", ("document", "amount"), [("=1+1", -5), ("-7", "-0.50"), ("-A1", None)])

    assert csv_of(answer).splitlines()[1:] == ["'=1+1,-5", "-7,-0.50", "'-A1,"]
