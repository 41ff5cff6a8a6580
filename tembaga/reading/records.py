"""The copy of a file's records, which every format becomes and DuckDB reads.

,Invoice No,Line,…        every record of the file, with an empty cell put before it
,F-1,1,…
,                         so that an empty line is a record too, and records keep
,F-1,2,…                  the numbers that a person sees
,␟                        the end: not found again if a quotation mark was never closed
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tembaga.refusal import FileRefused

if TYPE_CHECKING:  # What reads in a box starts without them, three times as fast.
    from tembaga.feeds import Feed
    from tembaga.forms import Form

END = "\x1f"  # Occurs in no file: a file that holds it is refused.
NAMES_SHOWN_MAX = 10
RECORD_BYTES_MAX = 4 * 1024**2  # Of a record in the copy, where quotation marks stand twice.

# What nobody sees and nobody means: it is left out, so that `F-1` is `F-1`.
UNSEEN = dict.fromkeys(
    [0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202D), *range(0x2060, 0x2065),
     *range(0x2066, 0x206A), 0xFEFF]
)  # fmt: skip
# No text: controls, and what turns the order of characters round before a reader's eyes.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202d\u202e\ud800-\udfff]")
QUESTIONABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u200b-\u206f\ufeff\ud800-\udfff]"
)


def write_records(
    copy: Path, records: Iterable[Sequence[str]], form: "Form", *, first_line_no: int = 1
) -> None:
    """Write the copy of records of cells; the first of them is line `first_line_no`.

    Raises:
        FileRefused: A cell holds what is no text.
    """
    with copy.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, delimiter=form.delimiter, lineterminator="\n")
        break_in_cell = f"\n{form.delimiter}"
        for line_no, cells in enumerate(records, start=first_line_no):
            shown = [clean(cell, line_no, form) for cell in cells]
            writer.writerow(["", *(cell.replace("\n", break_in_cell) for cell in shown)])
        target.write(f"{form.delimiter}{END}")


def clean(text: str, line_no: int, form: "Form") -> str:
    """The text with line feeds as line ends, without what nobody sees.

    Raises:
        FileRefused: It holds what is no text; `line_no` is that of its beginning.
    """
    if QUESTIONABLE.search(text):
        text = text.translate(UNSEEN)
        if found := FORBIDDEN.search(text):
            line_no += text.count("\n", 0, found.start())
            if found[0] == "\0" and form.format in ("csv", "fixed"):  # UTF-16 taken for another.
                raise FileRefused("E_FILE_ENCODING", encoding=form.encoding, line_no=line_no)
            raise unreadable(form, line_no)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def read_header(copy: Path, feed: "Feed") -> list[str]:
    """The headers of the file's columns, in their order.

    A file without a header row has the columns `1`, `2`, … up to the last that was agreed.

    Raises:
        FileRefused: There is none, or not every agreed header is there once and no other.
    """
    agreed = {column.header for column in feed.columns.named().values()}
    headers = _numbered(feed, agreed) if _has_no_names(feed) else _named(copy, feed)
    missing = agreed - set(headers)
    unexpected = set(headers) - agreed - set(feed.other_headers)
    repeated = {header for header, times in Counter(headers).items() if times > 1}
    if missing or unexpected or repeated:
        raise FileRefused(
            "E_FILE_HEADER",
            missing=_listed(missing),
            unexpected=_listed(unexpected),
            repeated=_listed(repeated),
        )
    return headers


def records_query(copy: Path, form: "Form", headers: list[str]) -> str:
    """SQL for the records of the copy that come after the header, and for its end.

    Columns: `line_no`; `c1`, `c2`, … the cells that the header names; `more`, not null if the
    record has cells beyond them. A cell that is not there is null; an empty one is ''.
    """
    width = len(headers)
    # Room for two records on one line, as when a line's end was lost.
    columns = ", ".join(f"'c{n}': 'varchar'" for n in range(2 * width + 2))
    break_in_cell = quoted(f"\n{form.delimiter}")
    cells = ", ".join(
        f"replace(c{n}, {break_in_cell}, chr(10)) as c{n}" for n in range(1, width + 1)
    )
    made_up = 1 if names_itself(form) else 0
    header_record = 1 if made_up else form.header_row
    return (
        f"select record_no - {made_up} as line_no, {cells}, c{width + 1} as more from ("
        "select *, row_number() over () as record_no "
        f"from read_csv({quoted(str(copy))}, columns = {{{columns}}}, "
        f"delim = {quoted(form.delimiter)}, quote = '\"', escape = '\"', "
        f"nullstr = {quoted(END + END)}, auto_detect = false, header = false, "
        f"strict_mode = true, null_padding = true, max_line_size = {RECORD_BYTES_MAX}, "
        f"parallel = false)) where record_no > {header_record}"
    )


def names_itself(form: "Form") -> bool:
    """Whether the header of the copy is made from names that stand in no line of the file."""
    return form.format in ("jsonl", "parquet") or (form.format == "fixed" and form.header_row == 0)


def unreadable(form: "Form", line_no: int) -> FileRefused:
    """The refusal of a file whose contents break off or make no sense at a line."""
    return FileRefused("E_FILE_UNREADABLE", format=form.format, line_no=line_no)


def quoted(text: str) -> str:
    """A text literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def _has_no_names(form: "Form") -> bool:
    return form.header_row == 0 and not names_itself(form)


def _numbered(feed: "Feed", agreed: set[str]) -> list[str]:
    numbers = [int(header) for header in agreed | set(feed.other_headers) if header.isdecimal()]
    return [str(n) for n in range(1, max(numbers, default=0) + 1)]


def _named(copy: Path, feed: "Feed") -> list[str]:
    """The cells of the header; title rows above it are passed over."""
    header_record = 1 if names_itself(feed) else feed.header_row
    cells: list[str] = []
    with copy.open(encoding="utf-8", newline="") as text:
        records = csv.reader(text, delimiter=feed.delimiter, strict=True)
        for record_no in range(1, header_record + 1):
            try:
                cells = next(records)
            except csv.Error as error:
                raise unreadable(feed, record_no) from error
            if cells[1:] == [END]:
                raise FileRefused("E_FILE_EMPTY")
    return [cell.replace(f"\n{feed.delimiter}", "\n").strip() for cell in cells[1:]]


def _listed(names: set[str]) -> str:
    shown = [f"“{name[:40]}”" for name in sorted(names)[:NAMES_SHOWN_MAX]]
    return ", ".join(shown + ["…"] * (len(names) > NAMES_SHOWN_MAX)) or "–"
