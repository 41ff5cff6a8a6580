"""Parquet whose columns are of other types, or whose bytes are not what they were."""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import duckdb

from tests.bad_files.case import HEADERS, LINES, Case, Line, delimited, numbered, with_cell

FORM = {"format": "parquet"}
COMMA = FORM | {"decimal_mark": ",", "thousands_mark": ".", "date_format": "%d/%m/%Y"}
TYPES = {"date": "date", "qty": "integer", "amount": "decimal(18, 4)"}


def cases() -> Iterator[Case]:
    """All of them; the second line of goods is the second row."""
    lines = numbered(LINES, 1)
    yield Case("READ__parquet", written(), FORM, lines)
    yield Case("READ__parquet_where_other_marks_were_agreed", written(), COMMA, lines)
    for name, types in {
        "texts": {"date": "varchar", "qty": "varchar", "amount": "varchar"},
        "doubles": {"amount": "double", "qty": "double"},
        "floats_of_32_bits": {"amount": "float"},
        "times_without_a_zone": {"date": "timestamp"},
        "small_numbers": {"qty": "utinyint", "line": "smallint"},
        "wide_decimals": {"amount": "decimal(38, 10)"},
    }.items():
        yield Case(f"READ__parquet_with_{name}", written(types=TYPES | types), FORM, lines)
    exact = with_cell(amount="999999999999.9999")
    yield Case(
        "READ__parquet_with_more_digits_than_a_float", written(exact), FORM, numbered(exact, 1)
    )
    thirds = with_cell(amount="0.3")
    tenths = written(thirds, types=TYPES | {"amount": "double"}, amount="0.1::double + 0.2::double")
    reads = numbered([{**line, "amount": "0.3"} for line in thirds], 1)
    yield Case("READ__parquet_with_a_sum_of_tenths", tenths, FORM, reads)
    null = partial(written, with_cell(invoice=""))
    yield Case("E_DOCUMENT_MISSING__parquet_a_null", null(), FORM, lines, {2: "E_DOCUMENT_MISSING"})
    spoilt = written(with_cell(invoice="4.12401e43"), types=TYPES | {"invoice": "varchar"})
    second = {2: "E_SPOILT"}
    yield Case("E_SPOILT__parquet_a_text_with_an_exponent", spoilt, FORM, lines, second)
    every = dict.fromkeys((1, 2, 3), "E_SPOILT")
    data = written(invoice="4.12401e43::double")
    yield Case("E_SPOILT__parquet_codes_as_doubles", data, FORM, lines, every)
    for name, value in {
        "days": "date '2026-12-03'",
        "times": "timestamp '2026-12-03 10:00:00'",
    }.items():
        data = written(invoice=value)
        yield Case(f"E_SPOILT__parquet_codes_as_{name}", data, FORM, lines, every)
    counted = dict.fromkeys((1, 2, 3), "E_QUANTITY")
    plain_days = FORM | {"date_format": "%Y%m%d"}
    data = written(qty="date '2026-12-03'")
    yield Case("E_QUANTITY__parquet_days_without_hyphens", data, plain_days, lines, counted)
    serials = written(types=TYPES | {"date": "integer"}, date="46083")
    dates = dict.fromkeys((1, 2, 3), "E_DATE")
    yield Case("E_DATE__parquet_numbers_of_days", serials, FORM, lines, dates)
    amounts = dict.fromkeys((1, 2, 3), "E_AMOUNT")
    for name, value in {
        "nan": "'nan'::double",
        "infinity": "'inf'::double",
        "truths": "true",
    }.items():
        data = written(amount=value)
        yield Case(f"E_AMOUNT__parquet_{name}", data, FORM, lines, amounts)
    for name, value in {
        "an_instant": "timestamptz '2026-03-02 00:00:00+07'",
        "a_list": "[1, 2]",
        "a_struct": "{'a': 1}",
        "a_map": "map {'a': 1}",
        "bytes": "'a'::blob",
        "an_interval": "interval 1 day",
    }.items():
        data = written(shop=value)
        yield Case(f"E_FILE_COLUMN_TYPE__parquet_{name}", data, FORM)
    yield Case("E_FILE_HEADER__parquet_another_column", written(names={"qty": "pcs"}), FORM)
    yield Case("E_FILE_HEADER__parquet_a_column_in_capitals", written(names={"qty": "QTY"}), FORM)
    yield Case("E_FILE_EMPTY__parquet_no_rows", written(()), FORM)
    plain = written()
    for place in (4, 8, len(plain) // 3, len(plain) // 2, len(plain) - 8, len(plain) - 1):
        yield Case(f"E_FILE_UNREADABLE__parquet_cut_after_{place}_bytes", plain[:place], FORM)
    size = len(plain)
    for name, data in {
        "delimited_text": delimited(),
        "nulls": bytes(5000),
        "marks_alone": b"PAR1PAR1",
        "a_footer_longer_than_the_file": plain[:-8] + (size * 2).to_bytes(4, "little") + b"PAR1",
        "a_footer_without_end": plain[:-8] + b"\xff\xff\xff\x7fPAR1",
        "an_encrypted_footer": b"PARE" + plain[4:-4] + b"PARE",
        "pages_of_nulls": plain[:4] + bytes(300) + plain[304:],
    }.items():
        yield Case(f"E_FILE_UNREADABLE__{name}_for_parquet", data, FORM)
    small = FORM | {"max_bytes": 1_000_000}
    yield Case("E_FILE_TOO_LARGE__parquet_of_one_value_many_times", _bomb, small)
    forbidden = written(shop="'a' || chr(0) || 'b'")
    yield Case("E_FILE_UNREADABLE__parquet_a_null_character", forbidden, FORM)


def written(
    lines: tuple[Line, ...] = LINES,
    *,
    types: dict[str, str] = TYPES,
    names: dict[str, str] | None = None,
    **values: str,
) -> bytes:
    """A plain file; `values` are SQL for the cells of a column, in place of the lines'."""
    columns = ", ".join(
        f'{values[header]} as "{header}"'
        if header in values
        else f"nullif(line[{n}], '')::{types.get(header, 'varchar')} "
        f'as "{(names or {}).get(header, header)}"'
        for n, header in enumerate(HEADERS, start=1)
    )
    rows = [[line[header] for header in HEADERS] for line in lines]
    return _written(f"select {columns} from (select unnest($1::varchar[][]) as line)", rows)


def _bomb(_keys: Path) -> bytes:
    cells = ", ".join(f"repeat('x', 1000) as \"{header}\"" for header in HEADERS)
    return _written(f"select {cells} from range(20000)", None)


def _written(query: str, rows: list[list[str]] | None) -> bytes:
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        path = Path(folder) / "file.parquet"
        connection.execute(
            f"copy ({query}) to '{path}' (format parquet)", [rows] if rows is not None else None
        )
        return path.read_bytes()
