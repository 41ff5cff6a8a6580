"""A form that contradicts itself is refused when it is read, and not when a file comes."""

import re
from datetime import date
from typing import Any

import duckdb
import pytest
from pydantic import ValidationError

from tembaga.cells import day
from tembaga.forms import Form

SPANS = {"a": {"start": 1, "width": 3}, "b": {"start": 5, "width": 2}}

WRONG: dict[str, dict[str, Any]] = {
    "spans are given if the format is fixed": {"format": "fixed"},
    "and only then": {"format": "csv", "spans": SPANS},
    "share a character": {
        "format": "fixed",
        "spans": SPANS | {"c": {"start": 3, "width": 1}},
    },
    "jsonl and parquet name their columns": {"format": "parquet", "header_row": 2},
    "jsonl is always utf-8": {"format": "jsonl", "encoding": "utf-16"},
    "a workbook has a header": {"format": "xls", "header_row": 0},
    "greater than or equal to 1": {"format": "xlsx", "sheet": 0},
    "same": {"format": "csv", "decimal_mark": ",", "thousands_mark": ","},
    "Input should be 'none', 'gz' or 'zip'": {"format": "csv", "packing": "rar"},
}
WRONG_DAYS = {
    "%Y-%M-%d": "%M is minutes",
    "%d/%Y": "one month",
    "%m/%Y": "one month",
    "%Y-%j-%d": "or %j alone",
    "%Y-%m-%j": "or %j alone",
    "%d/%d/%m/%Y": "%d stands there twice",
    "%y-%Y-%m-%d": "one year",
    "%m-%d": "one year",
    "%d %b %m %Y": "one month",
    "%Y-%m-%d %M": "need one hour",
    "%Y-%m-%d %H %I": "need one hour",
    "%Y-%m-%d%": "% is no part",
    "%%%Y-%m-%d": "%% is no part",
    "%Y-%m-%e": "%e is no part",
    "%-Y-%m-%d": "%- is no part",
    "%D": "%D is no part",
    "tanggal": "one year",
}


@pytest.mark.parametrize("said", WRONG)
def test_a_form_that_contradicts_itself_is_refused(said: str):
    with pytest.raises(ValidationError, match=said):
        Form.model_validate({"files": "*"} | WRONG[said])


@pytest.mark.parametrize("form", WRONG_DAYS)
def test_a_form_that_writes_no_day_is_refused(form: str):
    with pytest.raises(ValidationError, match=re.escape(WRONG_DAYS[form])):
        Form.model_validate({"files": "*", "format": "csv", "date_format": form})


@pytest.mark.parametrize(
    "form",
    [
        "%Y-%m-%d",
        "%-d/%-m/%y",
        "%d %B %Y",
        "%b %d, %Y %I:%M %p",
        "%Y%j",
        "%Y-%m-%dT%H:%M:%S.%f",
        "%d. Tag %m %Y",
    ],
)
def test_a_form_that_writes_a_day_is_taken(form: str):
    taken = Form.model_validate({"files": "*", "format": "csv", "date_format": form})

    assert taken.date_format == form
    written = date(2026, 3, 2).strftime(form)
    with duckdb.connect() as connection:
        read = connection.execute(f"select {day('$1', form)}", [written]).fetchall()
    assert read == [(date(2026, 3, 2),)]


def test_a_span_ends_with_its_last_character():
    form = Form.model_validate({"files": "*", "format": "fixed", "spans": SPANS})

    assert [span.end for span in form.spans.values()] == [3, 6]
