"""Workbooks: what people do to them, and what is done to harm those who open them.

The `.xls` files under `kept/` were written once by another program than the one that reads them.
"""

import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.chart import BarChart
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

from tests.bad_files.case import HEADERS, LINES, Case, delimited, numbered, with_cell

KEPT = Path(__file__).parent / "kept"
XLSX, XLS = {"format": "xlsx"}, {"format": "xls"}
SHEET = "xl/worksheets/sheet1.xml"
COLUMN = {name: n for n, name in enumerate(HEADERS, start=1)}


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _cells()
    yield from _sheets()
    yield from _broken()
    yield from _harmful()
    yield from _old()


def written(
    change: Callable[[Worksheet], Any] | None = None, *, top: int = 1, epoch: Any = None
) -> bytes:
    """A plain workbook with its header in row `top`, after a change."""
    book = openpyxl.Workbook()
    if epoch:
        book.epoch = epoch
    sheet = book.active
    for column, header in enumerate(HEADERS, start=1):
        sheet.cell(top, column, header)
        for row, line in enumerate(LINES, start=top + 1):
            sheet.cell(row, column, _typed(header, line[header]))
    if change is not None:
        change(sheet)
    return _saved(book)


def repacked(data: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """The archive with its entries changed; None leaves one out."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in source.namelist():
            if (content := change(name, source.read(name))) is not None:
                archive.writestr(name, content)
    return target.getvalue()


def _typed(header: str, value: str) -> Any:
    if header == "date":
        return date.fromisoformat(value)
    if header in ("qty", "amount"):
        return float(value)
    return value or None


def _saved(book: openpyxl.Workbook) -> bytes:
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _with(cell: Any, header: str, row: int = 3) -> bytes:
    def change(sheet: Worksheet) -> None:
        sheet.cell(row, COLUMN[header]).value = cell
        if header == "date" and not isinstance(cell, date):
            sheet.cell(row, COLUMN[header]).number_format = "General"

    return written(change)


def _cells() -> Iterator[Case]:
    yield Case("READ__xlsx", written(), XLSX)
    yield Case(
        "READ__xlsx_with_a_time_of_day",
        _with(datetime.fromisoformat("2026-03-02T23:59"), "date"),
        XLSX,
    )
    yield Case("READ__xlsx_with_days_counted_from_1904", written(epoch=CALENDAR_MAC_1904), XLSX)
    yield Case("READ__xlsx_with_a_date_as_text", _with("2026-03-02", "date"), XLSX)
    yield Case("READ__xlsx_with_numbers_as_text", _with("2000.00", "amount"), XLSX)
    thirds = with_cell(amount="0.3")
    yield Case(
        "READ__xlsx_with_a_sum_of_tenths", _with(0.1 + 0.2, "amount"), XLSX, numbered(thirds)
    )
    code = with_cell(member="81234567890")
    yield Case(
        "READ__xlsx_with_a_code_as_a_number", _with(81234567890, "member"), XLSX, numbered(code)
    )
    for code_, fault, header, cell in (
        ("E_DATE", "a_serial_for_a_date", "date", 46083),
        ("E_DATE", "a_serial_with_a_time_for_a_date", "date", 46083.75),
        ("E_DATE", "a_date_of_another_form", "date", "02/03/2026"),
        ("E_DATE", "an_error_for_a_date", "date", "#VALUE!"),
        ("E_QUANTITY", "an_error_for_a_quantity", "qty", "#REF!"),
        ("E_QUANTITY", "a_formula_never_computed", "qty", "=1+1"),
        ("E_QUANTITY", "a_truth_for_a_quantity", "qty", True),
        ("E_QUANTITY", "a_date_for_a_quantity", "qty", date(2026, 3, 2)),
        ("E_AMOUNT", "an_error_for_an_amount", "amount", "#DIV/0!"),
        ("E_AMOUNT", "an_amount_as_text_in_other_marks", "amount", "2.000,00"),
        ("E_AMOUNT", "an_amount_beyond_exactness", "amount", 4.12401e43),
        ("E_SPOILT", "a_code_taken_for_a_day", "invoice", date(2026, 12, 3)),
        ("E_SPOILT", "a_code_taken_for_a_time", "product", time(12, 30)),
        ("E_AMOUNT_TOO_FINE", "a_third", "amount", 1000 / 3),
        ("E_AMOUNT_TOO_FINE", "an_eighth_of_a_ten_thousandth", "amount", 2000.0000125),
        ("E_SPOILT", "a_number_destroyed_as_document", "invoice", 4.12401e43),
        ("E_SPOILT", "a_number_of_16_digits_as_member", "member", 3201234567890123),
        ("E_SPOILT", "a_failed_lookup_as_product", "product", "#N/A"),
        ("E_SPOILT", "a_failed_lookup_of_the_returned_document", "returns", "#N/A"),
        ("E_DOCUMENT_MISSING", "merged_cells", "invoice", None),
        ("E_SKU_MISSING", "a_formula_never_computed_as_product", "product", "=A1"),
    ):
        yield Case(f"{code_}__xlsx_{fault}", _with(cell, header), XLSX)
    days = _with(date(2026, 12, 3), "qty")
    form = XLSX | {"date_format": "%Y%m%d"}
    yield Case("E_QUANTITY__xlsx_a_day_without_hyphens_for_a_quantity", days, form)
    beyond = written(lambda sheet: sheet.cell(3, 12, "a remark"))
    yield Case("E_COLUMNS__xlsx_a_cell_beside_the_table", beyond, XLSX)
    total = written(lambda sheet: sheet.append(["Total", None, None, None, None, None, 6, 3235.06]))
    codes = {5: "E_DATE E_ADVOCATE_MISSING E_OUTLET_MISSING E_SKU_MISSING"}
    yield Case("E_DATE__xlsx_totals_line_at_the_end", total, XLSX, codes=codes)
    merged = written(lambda sheet: sheet.merge_cells("A2:A4"))
    missing = {3: "E_DOCUMENT_MISSING", 4: "E_DOCUMENT_MISSING"}
    yield Case("E_DOCUMENT_MISSING__xlsx_merged_down_the_column", merged, XLSX, codes=missing)
    spaced = written(lambda sheet: sheet.insert_rows(3, 2))
    apart = {2: LINES[0], 5: LINES[1], 6: LINES[2]}
    yield Case("READ__xlsx_with_empty_rows", spaced, XLSX, apart)
    broken = _with("O\r\n1", "shop")
    yield Case(
        "READ__xlsx_with_a_line_end_in_a_cell", broken, XLSX, numbered(with_cell(shop="O\n1"))
    )
    unseen = _with("\u200eF-2\u200b", "invoice")
    yield Case("READ__xlsx_with_marks_nobody_sees", unseen, XLSX)


def _sheets() -> Iterator[Case]:
    def second(title: str, *, hide_first: bool = False) -> bytes:
        book = openpyxl.load_workbook(io.BytesIO(written()))
        book.active.title = title
        book.create_sheet("Info", 0).append(["Laporan"])
        if hide_first:
            book["Info"].sheet_state = "hidden"
            book.active = 1
        return _saved(book)

    yield Case("READ__xlsx_second_sheet_by_number", second("Data"), XLSX | {"sheet": 2})
    yield Case("READ__xlsx_second_sheet_by_name", second("Data"), XLSX | {"sheet": "Data"})
    yield Case("READ__xlsx_behind_a_hidden_sheet", second("Data", hide_first=True), XLSX)
    yield Case("READ__xlsx_a_sheet_of_a_strange_name", second("A&B <'x'>"), XLSX | {"sheet": 2})
    yield Case("E_FILE_HEADER__xlsx_another_first_sheet", second("Data"), XLSX)
    yield Case("E_FILE_SHEET__xlsx_no_third_sheet", second("Data"), XLSX | {"sheet": 3})
    yield Case("E_FILE_SHEET__xlsx_another_name", second("data"), XLSX | {"sheet": "Data"})
    hidden = second("Data", hide_first=True)
    yield Case("E_FILE_SHEET__xlsx_a_hidden_sheet", hidden, XLSX | {"sheet": "Info"})
    titled = XLSX | {"header_row": 4}
    chart = openpyxl.load_workbook(io.BytesIO(written()))
    chart.create_chartsheet("Grafik", 0).add_chart(BarChart())
    yield Case("READ__xlsx_behind_a_sheet_of_a_chart", _saved(chart), XLSX)
    yield Case("READ__xlsx_title_rows", written(top=4), titled, numbered(LINES, 5))
    yield Case("E_FILE_HEADER__xlsx_unexpected_title_rows", written(top=4), XLSX)
    yield Case("E_FILE_EMPTY__xlsx_header_row_behind_the_end", written(), XLSX | {"header_row": 50})
    beside = written(lambda sheet: sheet.cell(1, 12, "product"))
    yield Case("E_FILE_HEADER__xlsx_two_tables_side_by_side", beside, XLSX)
    merged = written(lambda sheet: sheet.merge_cells("A1:B1"))
    yield Case("E_FILE_HEADER__xlsx_merged_header", merged, XLSX)
    numbers = written(lambda sheet: sheet.cell(1, 2, 2026))
    yield Case("E_FILE_HEADER__xlsx_a_number_as_header", numbers, XLSX)
    below = [(), ("product", "total"), ("RJW-M101", 6)]
    table = written(lambda sheet: [sheet.append(row) for row in below[1:]])
    found = "E_DATE E_QUANTITY E_AMOUNT E_ADVOCATE_MISSING E_OUTLET_MISSING E_SKU_MISSING"
    yield Case("E_DATE__xlsx_second_table_beneath", table, XLSX, codes={5: found, 6: found})
    yield Case("E_FILE_EMPTY__xlsx_an_empty_sheet", _saved(openpyxl.Workbook()), XLSX)
    alone = written(lambda sheet: sheet.delete_rows(2, 3))
    yield Case("E_FILE_EMPTY__xlsx_a_header_alone", alone, XLSX)
    left = written(lambda sheet: sheet.insert_cols(1, 2))
    yield Case("READ__xlsx_from_column_c_on", left, XLSX)


def _broken() -> Iterator[Case]:
    plain = written()
    for name, place in {
        "within_its_first_entry": 100,
        "half_way": len(plain) // 2,
        "before_its_list": plain.index(b"PK\x01\x02"),
        "within_its_list": plain.index(b"PK\x01\x02") + 40,
        "before_its_end": plain.index(b"PK\x05\x06"),
        "within_its_end": len(plain) - 5,
        "after_4_bytes": 4,
    }.items():
        yield Case(f"E_FILE_UNREADABLE__xlsx_cut_{name}", plain[:place], XLSX)
    for name, without in {
        "sheet": SHEET,
        "list_of_sheets": "xl/workbook.xml",
        "relations": "xl/_rels/workbook.xml.rels",
    }.items():
        data = repacked(
            plain, lambda entry, found, without=without: None if entry == without else found
        )
        yield Case(f"E_FILE_UNREADABLE__xlsx_without_its_{name}", data, XLSX)
    half = repacked(
        plain, lambda entry, found: found[: len(found) // 2] if entry == SHEET else found
    )
    yield Case("E_FILE_UNREADABLE__xlsx_sheet_cut_half_way", half, XLSX)
    for name, data in {
        "delimited_text": delimited(),
        "html": b"<html><table><tr><td>invoice</td></tr></table></html>",
        "an_xls": (KEPT / "plain.xls").read_bytes(),
        "a_password": bytes.fromhex("d0cf11e0a1b11ae1") + bytes(4096),
        "an_empty_archive": b"PK\x05\x06" + bytes(18),
        "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(500),
        "nulls": bytes(5000),
    }.items():
        yield Case(f"E_FILE_UNREADABLE__{name}_for_xlsx", data, XLSX)


def _harmful() -> Iterator[Case]:
    plain = written()
    laughs = "".join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "ha">' for n in range(10)
    )
    for name, definition, text in (
        ("a_billion_laughs", f"<!DOCTYPE worksheet [{laughs}]>", "&l9;"),
        (
            "an_external_entity",
            '<!DOCTYPE worksheet [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
            "&x;",
        ),
        ("an_external_dtd", '<!DOCTYPE worksheet SYSTEM "file:///dev/zero">', "x"),
    ):

        def change(
            entry: str, found: bytes, definition: str = definition, text: str = text
        ) -> bytes:
            if entry != SHEET:
                return found
            spoilt = found.replace(b"<t>F-2</t>", f"<t>{text}</t>".encode())
            return definition.encode() + spoilt

        yield Case(f"E_FILE_UNREADABLE__xlsx_{name}", repacked(plain, change), XLSX)
    laughing = repacked(
        plain,
        lambda entry, found: (
            f"<!DOCTYPE workbook [{laughs}]>".encode() + found
            if entry == "xl/workbook.xml"
            else found
        ),
    )
    yield Case("E_FILE_UNREADABLE__xlsx_laughs_in_another_part", laughing, XLSX)
    far = written(lambda sheet: sheet.cell(1_048_576, 16_384, "far"))
    yield Case("E_FILE_TOO_LARGE__xlsx_a_cell_at_the_far_corner", far, XLSX)
    small = XLSX | {"max_bytes": 1_000_000}
    yield Case("E_FILE_TOO_LARGE__xlsx_sixty_megabytes_of_blanks", _bomb, small)
    yield Case("E_FILE_TOO_LARGE__xlsx_packed_a_thousandfold", _bomb, XLSX)
    yield Case("E_FILE_UNREADABLE__xlsx_that_lies_about_its_size", _lying, XLSX)
    twice = io.BytesIO(plain)
    with zipfile.ZipFile(twice, "a") as archive, _quietly():
        archive.writestr(SHEET, b"<worksheet/>")
    yield Case("E_FILE_UNREADABLE__xlsx_with_two_sheets_of_one_name", twice.getvalue(), XLSX)
    climbing = io.BytesIO(plain)
    with zipfile.ZipFile(climbing, "a") as archive:
        archive.writestr("../../../../tmp/tembaga_was_here", b"x")
    yield Case("READ__xlsx_with_an_entry_that_would_climb", climbing.getvalue(), XLSX)
    many = io.BytesIO(plain)
    with zipfile.ZipFile(many, "a") as archive:
        for n in range(11_000):
            archive.writestr(f"xl/media/{n}", b"")
    yield Case("E_FILE_UNREADABLE__xlsx_of_11000_entries", many.getvalue(), XLSX)
    linked = repacked(
        plain,
        lambda entry, found: (
            found.replace(b"/xl/worksheets/sheet1.xml", b"../../../etc/passwd")
            if entry.endswith("workbook.xml.rels")
            else found
        ),
    )
    yield Case("E_FILE_UNREADABLE__xlsx_whose_sheet_lies_outside", linked, XLSX)
    wide = written(lambda sheet: sheet.cell(1, 16_384, "far"))
    yield Case("E_FILE_HEADER__xlsx_sixteen_thousand_columns", wide, XLSX)
    long = _with("x" * 32_767, "shop")
    yield Case("E_TOO_LONG__xlsx_the_longest_cell", long, XLSX)


def _bomb(_keys: Path) -> bytes:
    return repacked(
        written(), lambda entry, found: found + b" " * 60_000_000 if entry == SHEET else found
    )


def _lying(keys: Path) -> bytes:
    bomb = bytearray(_bomb(keys))
    at = bomb.rindex(SHEET.encode()) - 46  # Its entry in the list of the archive.
    bomb[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    return bytes(bomb)


def _old() -> Iterator[Case]:
    plain = (KEPT / "plain.xls").read_bytes()
    yield Case("READ__xls", plain, XLS)
    second = (KEPT / "second_sheet.xls").read_bytes()
    form = XLS | {"header_row": 3}
    yield Case("READ__xls_second_sheet_by_number", second, form | {"sheet": 2}, numbered(LINES, 4))
    yield Case("READ__xls_sheet_by_name", second, form | {"sheet": "Data"}, numbered(LINES, 4))
    yield Case("E_FILE_SHEET__xls_a_hidden_sheet", second, form | {"sheet": "Hidden"})
    yield Case("E_FILE_EMPTY__xls_an_empty_sheet", (KEPT / "empty.xls").read_bytes(), XLS)
    for code, name in (
        ("E_SPOILT", "failed_formula"),
        ("E_SPOILT", "spoilt_number"),
        ("E_DATE", "serial_for_a_date"),
        ("E_DOCUMENT_MISSING", "merged_cells"),
    ):
        yield Case(f"{code}__xls_{name}", (KEPT / f"{name}.xls").read_bytes(), XLS)
    for place in (9, 100, 512, 600, 1024, 2048, 3000):
        yield Case(f"E_FILE_UNREADABLE__xls_cut_after_{place}_bytes", plain[:place], XLS)
    for name, data in {
        "delimited_text": delimited(),
        "html": b"<html><table><tr><td>invoice</td></tr></table></html>",
        "an_xlsx": written(),
        "xml_of_2003": b'<?xml version="1.0"?><Workbook/>',
        "nulls": bytes(5000),
    }.items():
        yield Case(f"E_FILE_UNREADABLE__{name}_for_xls", data, XLS)


def _quietly() -> Any:
    import warnings

    return warnings.catch_warnings(action="ignore")
