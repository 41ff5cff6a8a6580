"""A form that contradicts itself is refused when it is read, and not when a file comes."""

from typing import Any

import pytest
from pydantic import ValidationError

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


@pytest.mark.parametrize("said", WRONG)
def test_a_form_that_contradicts_itself_is_refused(said: str):
    with pytest.raises(ValidationError, match=said):
        Form.model_validate({"files": "*"} | WRONG[said])


def test_a_span_ends_with_its_last_character():
    form = Form.model_validate({"files": "*", "format": "fixed", "spans": SPANS})

    assert [span.end for span in form.spans.values()] == [3, 6]
