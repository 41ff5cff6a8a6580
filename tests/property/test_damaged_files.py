"""However a file of any form is damaged, it is read or refused; nothing else ever happens."""

import gzip
import random
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.codes import CODES
from tembaga.feeds import SalesFeed
from tembaga.lines import make_lines
from tembaga.reading import copy_records, read_header, records_query
from tembaga.refusal import FileRefused
from tests.bad_files import fixed_width, json_lines, packed, parquet, workbooks
from tests.bad_files.case import delimited

PLAIN = delimited()
TEXTS: dict[str, tuple[dict[str, Any], bytes]] = {
    "csv": ({}, PLAIN),
    "windows-1252": ({"encoding": "windows-1252"}, PLAIN.replace(b"O-1", b"CAF\xc9")),
    "utf-16": ({"encoding": "utf-16"}, PLAIN.decode().encode("utf-16")),
    "fixed": (fixed_width.FORM, fixed_width.written()),
    "jsonl": (json_lines.FORM, json_lines.written()),
    "gz": (packed.GZ, gzip.compress(PLAIN)),
}
BOXED: dict[str, tuple[dict[str, Any], bytes]] = {
    "xlsx": (workbooks.XLSX, workbooks.written()),
    "xls": (workbooks.XLS, (workbooks.KEPT / "plain.xls").read_bytes()),
    "parquet": (parquet.FORM, parquet.written()),
    "zip": (packed.ZIP, packed.zipped({"sales.csv": PLAIN})),
}
NAMES = {
    "document": "invoice",
    "document_line": "line",
    "document_date": "date",
    "advocate": "member",
    "outlet": "shop",
    "sku": "product",
    "quantity": "qty",
    "amount": "amount",
    "returns_document": "returns",
}


@pytest.mark.parametrize("name", TEXTS)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(data=st.data())
def test_damaged_text_is_read_or_refused(name: str, data: st.DataObject):
    form, whole = TEXTS[name]
    at = data.draw(st.integers(0, len(whole)))
    until = data.draw(st.integers(at, min(len(whole), at + 40)))
    put = data.draw(
        st.binary(max_size=12) | st.sampled_from([b'"', b"\n", b"\r", b",", b"{", b"\0"])
    )

    assert _is_read_or_refused(whole[:at] + put + whole[until:], form)


@pytest.mark.parametrize("name", TEXTS)
@settings(max_examples=25, deadline=None, derandomize=True)
@given(noise=st.binary(max_size=300))
def test_noise_is_read_or_refused(name: str, noise: bytes):
    form, _ = TEXTS[name]

    assert _is_read_or_refused(noise, form)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", BOXED)
def test_a_damaged_file_is_read_in_a_box_or_refused(name: str, seed: int):
    form, whole = BOXED[name]
    chance = random.Random(f"{name} {seed}")
    damaged = bytearray(whole)
    for _ in range(2**seed):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)

    assert _is_read_or_refused(bytes(damaged), form)


def _is_read_or_refused(data: bytes, form: dict[str, Any]) -> bool:
    feed = SalesFeed.model_validate(
        {
            "files": "*",
            "format": "csv",
            "currency": "IDR",
            "columns": {ours: {"header": theirs} for ours, theirs in NAMES.items()},
        }
        | form
    )
    with TemporaryDirectory() as folder, duckdb.connect() as connection:
        original, copy = Path(folder, "original"), Path(folder, "copy")
        original.write_bytes(data)
        try:
            copy_records(original, copy, feed, keys=Path(folder, "keys"))
            headers = read_header(copy, feed)
            make_lines(connection, records_query(copy, feed, headers), feed, headers)
        except FileRefused as refused:
            return bool(CODES[refused.code].says("id").format(**refused.detail))
        return connection.execute("select count(*) >= 0 from lines").fetchone() == (True,)
