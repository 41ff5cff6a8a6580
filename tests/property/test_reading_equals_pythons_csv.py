"""What DuckDB reads from a file is what Python's own CSV reader reads, record by record."""

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from tembaga.feeds import SalesFeed
from tembaga.reading import END, records_query
from tembaga.reading.text import copy_delimited

COLUMNS = ("document", "document_date", "advocate", "outlet", "sku", "quantity", "amount")
FEED = SalesFeed.model_validate(
    {
        "files": "*",
        "format": "csv",
        "currency": "IDR",
        "delimiter": ";",
        "columns": {name: {"header": name} for name in COLUMNS},
    }
)
WIDTH = len(COLUMNS)
CELLS = st.text(alphabet='a1 ,;"\n\\\tÉ', max_size=6)
RECORDS = st.lists(st.lists(CELLS, min_size=1, max_size=WIDTH + 3), max_size=8)


@settings(max_examples=150, deadline=None)
@given(records=RECORDS, line_end=st.sampled_from(["\n", "\r\n"]))
def test_reading_equals_pythons_csv(records: list[list[str]], line_end: str):
    text = io.StringIO()
    text.write(";".join(COLUMNS) + line_end)
    csv.writer(text, delimiter=";", lineterminator=line_end).writerows(records)

    read = _read(text.getvalue().replace("\r\n", "\n").replace("\n", line_end))

    assert read == [
        (line_no, cells[:WIDTH] + [None] * (WIDTH - len(cells)), len(cells) > WIDTH)
        for line_no, cells in enumerate(records, start=2)
    ]


def _read(text: str) -> list[tuple[int, list[str | None], bool]]:
    with TemporaryDirectory() as folder, duckdb.connect() as connection:
        original, copy = Path(folder, "original"), Path(folder, "copy")
        original.write_bytes(text.encode())
        copy_delimited(original, copy, FEED)
        *records, end = connection.execute(records_query(copy, FEED, list(COLUMNS))).fetchall()
    assert end[1] == END
    return [(record[0], list(record[1:-1]), record[-1] is not None) for record in records]
