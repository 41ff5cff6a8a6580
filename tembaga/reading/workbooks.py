"""Workbooks: what the cells of one sheet of an `.xlsx` or `.xls` show, as text.

They are read in a box (`tembaga.reading.box`): what is in them may be made to do harm.
"""

import os
import re
import zipfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from tembaga.reading.cells import Cell, as_texts
from tembaga.reading.records import unreadable, write_records
from tembaga.refusal import FileRefused

if TYPE_CHECKING:
    from tembaga.forms import Form

CHUNK_BYTES = 1 << 20
TAG_BYTES_MAX = 512  # Of a cell's tag; it may lie across two chunks.
ENTRIES_MAX = 10_000
FAILED = re.compile(rb"<(?:\w+:)?c\s[^<>]*\bt=[\"']e[\"'][^<>]*>")
ADDRESS = re.compile(rb"\br=[\"']([A-Z]{1,3})(\d{1,7})[\"']")
DEFINITION = re.compile(rb"<!(?:DOCTYPE|ENTITY)")
SHEET = re.compile(r"<(?:\w+:)?sheet\s[^<>]*\b\w+:id=[\"']([^\"']*)[\"']")
RELATION = re.compile(r"<(?:\w+:)?Relationship\s[^<>]*>")
ATTRIBUTE = re.compile(r"\b(Id|Target)=[\"']([^\"']*)[\"']")
FAILURE = "#N/A"  # What a formula of an `.xlsx` came to that failed, in whatever way.
OLE = bytes.fromhex("d0cf11e0a1b11ae1")

Rows = Iterator[list[Cell]]


def copy_workbook(
    original: Path,
    copy: Path,
    form: "Form",
    *,
    unpacked_max: int,
    days: Collection[str] | None = None,
) -> None:
    """Write the copy of the agreed sheet of a workbook.

    Numbers and days that are real cells are written in the form that was agreed for text; `days`
    are the headers under which a cell may be a day, None: all. A formula is what it came to when
    the file was saved. Hidden sheets are not counted, nor those of a chart alone.

    Raises:
        FileRefused: It is no such workbook, has no such sheet, or is larger than
            `unpacked_max` bytes when it is opened.
    """
    if form.format == "xlsx":
        named = copy.with_name("source.xlsx")  # calamine goes by the end of the name.
        named.symlink_to(original)
        rows = _of_xlsx(named, form, unpacked_max)
    else:
        rows = _of_xls(original, form)
    write_records(copy, as_texts(_trimmed(rows, form), form, days), form)


def _trimmed(rows: Rows, form: "Form") -> Rows:
    """The rows, each as wide as the header, or wider if more is filled; none above it."""
    width = 0
    for row_no, cells in enumerate(rows, start=1):
        if row_no < form.header_row:
            yield []
            continue
        if row_no == form.header_row:
            width = len(_without_empty_end(cells))
        beyond = _without_empty_end(cells[width:])[:1]  # One tells that there are some.
        yield [*cells[:width], *[""] * (width - len(cells)), *beyond]


def _without_empty_end(cells: list[Cell]) -> list[Cell]:
    for n in range(len(cells), 0, -1):
        if cells[n - 1] != "":
            return cells[:n]
    return []


def _of_xlsx(original: Path, form: "Form", unpacked_max: int) -> Rows:
    import python_calamine

    with zipfile.ZipFile(original) as archive:
        _refuse_bomb(archive, original.stat().st_size, unpacked_max, form)
        _refuse_definitions(archive, form)
        with python_calamine.CalamineWorkbook.from_path(str(original)) as workbook:
            is_shown = python_calamine.SheetVisibleEnum.Visible
            has_cells = python_calamine.SheetTypeEnum.WorkSheet
            seen = [
                sheet.name
                for sheet in workbook.sheets_metadata
                if sheet.visible == is_shown and sheet.typ == has_cells
            ]
            name = _sheet_name(seen, form)
            failed = _failed_cells(
                archive, _part_of(archive, workbook.sheet_names.index(name)), form
            )
            sheet = workbook.get_sheet_by_name(name)
            left = (sheet.start or (0, 0))[1]
            for row_no, cells in enumerate(sheet.iter_rows(), start=1):
                for column in failed.get(row_no, ()):
                    cells[column - 1 - left] = FAILURE
                yield list(cells)


def _refuse_bomb(archive: zipfile.ZipFile, size: int, unpacked_max: int, form: "Form") -> None:
    entries = archive.infolist()
    names = {entry.filename for entry in entries}
    if len(entries) > ENTRIES_MAX or len(names) < len(entries) or "xl/workbook.xml" not in names:
        raise unreadable(form, 1)
    if sum(entry.compress_size for entry in entries) > size:  # They lie over one another.
        raise unreadable(form, 1)
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > unpacked_max:
        raise FileRefused("E_FILE_TOO_LARGE", size_bytes=unpacked, limit_bytes=unpacked_max)


def _refuse_definitions(archive: zipfile.ZipFile, form: "Form") -> None:
    """Refuse a workbook whose XML defines words of its own: no spreadsheet writes that."""
    for entry in archive.infolist():
        if entry.filename.endswith((".xml", ".rels")):
            with archive.open(entry) as part:
                if DEFINITION.search(part.read(CHUNK_BYTES)):
                    raise unreadable(form, 1)


def _sheet_name(seen: Sequence[str], form: "Form") -> str:
    if isinstance(form.sheet, str) and form.sheet in seen:
        return form.sheet
    if isinstance(form.sheet, int) and form.sheet <= len(seen):
        return seen[form.sheet - 1]
    raise FileRefused("E_FILE_SHEET", sheet=form.sheet)


def _part_of(archive: zipfile.ZipFile, sheet_index: int) -> str:
    """The name of the archive's entry in which a sheet stands."""
    sheets = SHEET.findall(archive.read("xl/workbook.xml").decode())
    relations = archive.read("xl/_rels/workbook.xml.rels").decode()
    targets = {
        found["Id"]: found["Target"]
        for tag in RELATION.findall(relations)
        if len(found := dict(ATTRIBUTE.findall(tag))) == 2
    }
    return str(PurePosixPath("/xl", targets[sheets[sheet_index]])).lstrip("/")


def _failed_cells(archive: zipfile.ZipFile, part: str, form: "Form") -> dict[int, list[int]]:
    """The columns of the cells whose formulas failed, by row: calamine gives them as empty."""
    failed: dict[int, list[int]] = {}
    rest = b""
    with archive.open(part) as sheet:
        while chunk := sheet.read(CHUNK_BYTES):
            text = rest + chunk
            for tag in FAILED.findall(text):
                address = ADDRESS.search(tag)
                if address is None:
                    raise unreadable(form, 1)
                columns = failed.setdefault(int(address[2]), [])
                columns.append(_column_number(address[1]))
            rest = chunk[-TAG_BYTES_MAX:]
    return failed


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _of_xls(original: Path, form: "Form") -> Rows:
    import xlrd

    with original.open("rb") as source:
        if source.read(len(OLE)) != OLE:
            raise unreadable(form, 1)
    with Path(os.devnull).open("w") as nowhere:
        book = xlrd.open_workbook(str(original), logfile=nowhere)
    seen = [sheet.name for sheet in book.sheets() if not sheet.visibility]
    sheet = book.sheet_by_name(_sheet_name(seen, form))
    for row_no in range(sheet.nrows):
        yield [_of_biff(cell, book.datemode) for cell in sheet.row(row_no)]


def _of_biff(cell: Any, datemode: int) -> Cell:
    import xlrd

    if cell.ctype == xlrd.XL_CELL_DATE:
        found: Cell = xlrd.xldate_as_datetime(cell.value, datemode)
    elif cell.ctype == xlrd.XL_CELL_ERROR:
        found = str(xlrd.error_text_from_code[cell.value])
    elif cell.ctype == xlrd.XL_CELL_BOOLEAN:
        found = bool(cell.value)
    else:
        found = cell.value
    return found
