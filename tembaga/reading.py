"""Reading: turn a partner's file into records of text, in their order, nothing guessed.

Text and workbooks become one copy of the same form, which DuckDB reads:

    ,Invoice No,Line,…        every line of the file, with an empty cell put before it
    ,F-1,1,…
    ,                         so that an empty line is a record too, and records keep
    ,F-1,2,…                  the numbers that a spreadsheet shows
    ,␟                        the end: not found again if a quotation mark was never closed

No type is ever detected: a cell is text until `tembaga.lines` says what it is.
"""

import csv
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO

import python_calamine

from tembaga.feeds import Feed
from tembaga.forms import Form
from tembaga.refusal import FileRefused

CHUNK_CHARACTERS = 1 << 20
END = "\x1f"  # Occurs in no file: one that holds it is refused.
FORBIDDEN = ("\0", END)
UNPACKED_TIMES_MAX = 20  # A workbook unpacks to about ten times its size.
NAMES_SHOWN_MAX = 10
CHUNK_BYTES = 1 << 20
CELL = re.compile(rb'\br="([A-Z]{1,3})(\d{1,10})"')
CELL_BYTES_MAX = 32  # Of one such address; it may lie across two chunks.
CELLS_MAX = 50_000_000  # Up to the last cell; a workbook of a million rows of 50 columns.

Cell = str | float | bool | date | time | timedelta


def copy_text(original: Path, copy: Path, feed: Form) -> None:
    """Write the copy of a text file, without holding the file in memory.

    Raises:
        FileRefused: It is not text in the agreed encoding, or its last line does not end.
    """
    last, line_no = "\n", 1
    with copy.open("w", encoding="utf-8", newline="") as target:
        target.write(feed.delimiter)
        for chunk in _chunks(original, feed):
            _forbid(chunk, line_no, feed)
            target.write(chunk.replace("\n", f"\n{feed.delimiter}"))
            last, line_no = chunk[-1], line_no + chunk.count("\n")
        target.write(END if last == "\n" else f"\n{feed.delimiter}{END}")
    if last != "\n" and feed.final_newline == "required":
        raise FileRefused("E_FILE_TRUNCATED", expected="LF")


def copy_workbook(original: Path, copy: Path, feed: Form) -> None:
    """Write the copy of the first sheet of a workbook: what its cells show, as text.

    Numbers and days that are real cells are written in the form that was agreed for text.

    Raises:
        FileRefused: It is no workbook, or is larger than agreed when it is unpacked.
    """
    _refuse_bomb(original, feed)
    with copy.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, delimiter=feed.delimiter, lineterminator="\n")
        for line_no, cells in enumerate(_sheet(original, feed), start=1):
            shown = [_shown(cell, feed) for cell in cells]
            _forbid("".join(shown), line_no, feed)
            writer.writerow(["", *(cell.replace("\n", f"\n{feed.delimiter}") for cell in shown)])
        target.write(f"{feed.delimiter}{END}")


def read_header(copy: Path, feed: Feed) -> list[str]:
    """The cells of the first record.

    Raises:
        FileRefused: There is none, or not every agreed header is there once and no other.
    """
    with copy.open(encoding="utf-8", newline="") as text:
        try:
            cells = next(csv.reader(text, delimiter=feed.delimiter, strict=True))
        except csv.Error as error:
            raise unreadable(feed, 1) from error
    if cells[1:] == [END]:
        raise FileRefused("E_FILE_EMPTY")
    headers = [cell.strip() for cell in cells[1:]]
    agreed = {column.header for column in feed.columns.named().values()}
    missing = agreed - set(headers)
    unexpected = set(headers) - agreed - set(feed.other_headers)
    repeated = {header for header in headers if headers.count(header) > 1}
    if missing or unexpected or repeated:
        raise FileRefused(
            "E_FILE_HEADER",
            missing=_listed(missing),
            unexpected=_listed(unexpected),
            repeated=_listed(repeated),
        )
    return headers


def records_query(copy: Path, feed: Form, headers: list[str]) -> str:
    """SQL for the records of the copy, the header first.

    Columns: `line_no`; `c1`, `c2`, … the cells that the header names; `more`, not null if the
    record has cells beyond them. A cell that is not there is null; an empty one is ''.
    """
    width = len(headers)
    # Room for two records on one line, as when a line's end was lost.
    columns = ", ".join(f"'c{n}': 'varchar'" for n in range(2 * width + 2))
    break_in_cell = quoted(f"\n{feed.delimiter}")
    cells = ", ".join(
        f"replace(c{n}, {break_in_cell}, chr(10)) as c{n}" for n in range(1, width + 1)
    )
    return (
        f"select row_number() over () as line_no, {cells}, c{width + 1} as more "
        f"from read_csv({quoted(str(copy))}, columns = {{{columns}}}, "
        f"delim = {quoted(feed.delimiter)}, quote = '\"', escape = '\"', "
        f"nullstr = {quoted(END + END)}, auto_detect = false, header = false, "
        "strict_mode = true, null_padding = true, parallel = false)"
    )


def unreadable(feed: Form, line_no: int) -> FileRefused:
    """The refusal of a file whose contents break off or make no sense at a line."""
    return FileRefused("E_FILE_UNREADABLE", format=feed.format, line_no=line_no)


def quoted(text: str) -> str:
    """A text literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def _chunks(original: Path, feed: Form) -> Iterator[str]:
    """The text in pieces, every line end a line feed."""
    encoding = "utf-8-sig" if feed.encoding == "utf-8" else feed.encoding
    with original.open(encoding=encoding) as text:
        try:
            while chunk := text.read(CHUNK_CHARACTERS):
                yield chunk
        except UnicodeDecodeError as error:
            line_no = _first_undecodable(original, feed)
            raise FileRefused("E_FILE_ENCODING", encoding=feed.encoding, line_no=line_no) from error


def _first_undecodable(original: Path, feed: Form) -> int:
    with original.open("rb") as lines:
        for line_no, line in enumerate(lines, start=1):
            try:
                line.decode(feed.encoding)
            except UnicodeDecodeError:
                return line_no
    return 1  # Only what stands at the file's very end, where it is no line, comes here.


def _forbid(text: str, line_no: int, feed: Form) -> None:
    for character in FORBIDDEN:
        if character in text:
            found_at = line_no + text[: text.index(character)].count("\n")
            if character == "\0" and feed.format == "csv":  # As in UTF-16: the wrong encoding.
                raise FileRefused("E_FILE_ENCODING", encoding=feed.encoding, line_no=found_at)
            raise unreadable(feed, found_at)


def _refuse_bomb(original: Path, feed: Form) -> None:
    try:
        with zipfile.ZipFile(original) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            if size > (limit := feed.max_bytes * UNPACKED_TIMES_MAX):
                raise FileRefused("E_FILE_TOO_LARGE", size_bytes=size, limit_bytes=limit)
            for entry in archive.infolist():
                if entry.filename.startswith("xl/worksheets/"):
                    with archive.open(entry) as sheet:
                        _refuse_far_cells(sheet, feed)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, OSError, ValueError) as error:
        raise unreadable(feed, 1) from error


def _refuse_far_cells(sheet: IO[bytes], feed: Form) -> None:
    """Refuse a sheet with a cell so far out that the rows up to it would fill the memory."""
    last_row = last_column = 1
    rest = b""
    while chunk := sheet.read(CHUNK_BYTES):
        for column, row in CELL.findall(rest + chunk):
            last_row = max(last_row, int(row))
            last_column = max(last_column, _column_number(column))
            if last_row * last_column > CELLS_MAX:
                raise unreadable(feed, int(row))
        rest = chunk[-CELL_BYTES_MAX:]


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _sheet(original: Path, feed: Form) -> Iterator[list[Cell]]:
    """The rows of the first sheet, each as wide as the header, or wider if more is filled."""
    try:
        with python_calamine.load_workbook(original) as workbook:
            width = 0
            for cells in workbook.get_sheet_by_index(0).iter_rows():
                width = width or len(_without_empty_end(cells))
                beyond = _without_empty_end(cells[width:])[:1]  # One tells that there are some.
                yield cells[:width] + beyond
    except (python_calamine.CalamineError, IndexError) as error:
        raise unreadable(feed, 1) from error


def _without_empty_end(cells: list[Cell]) -> list[Cell]:
    filled = [n for n, cell in enumerate(cells, start=1) if cell != ""]
    return cells[: filled[-1]] if filled else []


def _shown(cell: Cell, feed: Form) -> str:
    """What a spreadsheet shows for a cell: fifteen digits, and days in the agreed form."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, (int, float)):
        return format(Decimal(format(cell, ".15g")), "f").replace(".", feed.decimal_mark)
    if isinstance(cell, date):
        return cell.strftime(feed.date_format)
    return str(cell)


def _listed(names: set[str]) -> str:
    shown = [f"“{name[:40]}”" for name in sorted(names)[:NAMES_SHOWN_MAX]]
    return ", ".join(shown + ["…"] * (len(names) > NAMES_SHOWN_MAX)) or "–"
