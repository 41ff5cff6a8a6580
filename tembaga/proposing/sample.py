"""The sample: what the file is, found out from its bytes, and its records as text."""

import codecs
import csv
import io
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import charset_normalizer

from expectations.codes import CODES
from tembaga.forms import Form
from tembaga.proposing.cells import is_day, is_number
from tembaga.proposing.guess import Guess, ProposalError
from tembaga.reading import END, copy_records
from tembaga.reading.box import in_a_box
from tembaga.reading.unpacking import unpack_gz
from tembaga.refusal import FileRefused

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
LOOKED_AT_BYTES = 256 * 1024  # For delimiter and charset.
LOOKED_AT_ROWS = 200
HEADER_WITHIN = 15
ROWS_MAX = 20_000
CELLS_MAX = 1_000_000
COLUMNS_MAX = 500
UNPACKED_MAX = 1024**3
GZ, ZIP, OLE, PARQUET = b"\x1f\x8b", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1"
MARKS_OF_ORDER = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Sample:
    """The columns and records of a file, and what was found out about its form."""

    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    guesses: Sequence[Guess]
    remarks: Sequence[str]


def read_sample(file: Path) -> Sample:
    """Read the beginning of a file of any form that can be found out.

    Raises:
        ProposalError: It is empty, no text and no workbook, or not one table with columns.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="tembaga-sample-") as folder:
            return _read(file, Path(folder))
    except FileRefused as refused:
        code = CODES[refused.code]
        said = f"{code.en} {code.hint_en}".format(**refused.detail)
        raise ProposalError(f"{file.name}: {said}") from refused
    except OSError as error:
        raise ProposalError(f"{file} cannot be read: {error.strerror}.") from error


def _read(file: Path, folder: Path) -> Sample:
    plain, packed = _unpacked(file, folder)
    kind = _kind(plain, file.name)
    if kind == "csv":
        form, found = _text_form(plain, file.name)
        return _table(_records(plain, folder, form), [*packed, *found], file.name)
    form = Form.model_validate({"files": "*", "format": kind})
    found = [Guess("format", kind, "sure", "the file begins as such a workbook does")]
    for header_row in range(1, HEADER_WITHIN + 1):
        shaped = form.model_copy(update={"header_row": header_row})
        rows = _records(plain, folder, shaped)
        if len(rows) < header_row:
            break
        if _is_header(rows[header_row - 1]):
            return _table(rows, [*packed, *found], file.name)
    raise ProposalError(
        f"{file.name}: none of the first rows of the first sheet looks like a header: names of "
        "columns, each once. A workbook needs one."
    )


def _unpacked(file: Path, folder: Path) -> tuple[Path, list[Guess]]:
    with file.open("rb") as source:
        begins = source.read(4)
    plain, form = folder / "plain", Form.model_validate({"files": "*", "format": "csv"})
    if not begins:
        raise ProposalError(f"{file.name} is empty: nothing can be learnt from it.")
    if begins.startswith(GZ):
        unpack_gz(file, plain, unpacked_max=UNPACKED_MAX)
        return plain, [Guess("packing", "gz", "sure", "the file begins as gzip does")]
    if begins == ZIP and not _is_workbook(file):
        in_a_box("zip", file, plain, form, unpacked_max=UNPACKED_MAX)
        return plain, [Guess("packing", "zip", "sure", "the file is a zip archive of one file")]
    return file, []


def _is_workbook(file: Path) -> bool:
    try:
        with zipfile.ZipFile(file) as archive:
            return "[Content_Types].xml" in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return True  # Reading it as one says what is wrong.


def _kind(plain: Path, name: str) -> str:
    with plain.open("rb") as source:
        begins = source.read(LOOKED_AT_BYTES)
    if not begins:
        raise ProposalError(f"{name} is empty: nothing can be learnt from it.")
    if begins.startswith(ZIP):
        return "xlsx"
    if begins.startswith(OLE):
        return "xls"
    if begins.startswith(PARQUET) or begins.lstrip().startswith((b"{", b"[")):
        raise ProposalError(
            f"{name} is Parquet or JSON: its columns have names and types already. Write its "
            "agreement by hand; docs/agreement.md has every field."
        )
    if b"\0" in begins and not begins.startswith(MARKS_OF_ORDER):
        raise ProposalError(f"{name} is neither text nor a workbook. Ask for CSV or Excel.")
    return "csv"


def _text_form(plain: Path, name: str) -> tuple[Form, list[Guess]]:
    encoding = _encoding(plain, name)
    with plain.open("rb") as source:
        text = source.read(LOOKED_AT_BYTES).decode(encoding.value, errors="ignore")
    delimiter = _delimiter(text.removeprefix("\ufeff"), name)
    ends = _ends(plain, encoding.value)
    form = Form.model_validate(
        {
            "files": "*",
            "format": "csv",
            "encoding": encoding.value,
            "delimiter": delimiter.value,
            "final_newline": "optional",
        }
    )
    said = "its last line ends" if ends else "the last line of the sample does not end: was it cut?"
    return form, [
        Guess("format", "csv", "sure", "the file is text"),
        encoding,
        delimiter,
        Guess("final_newline", *(("required", "likely") if ends else ("optional", "open")), said),
    ]


def _encoding(plain: Path, name: str) -> Guess:
    with plain.open("rb") as source:
        begins = source.read(LOOKED_AT_BYTES)
    if begins.startswith(MARKS_OF_ORDER):
        return Guess("encoding", "utf-16", "sure", "the file begins with its byte order mark")
    if begins.startswith(codecs.BOM_UTF8):
        return Guess("encoding", "utf-8", "sure", "the file begins with its byte order mark")
    if (strange := _decoded(plain, "utf-8")) is not None:
        if strange:
            said = f"{strange} characters beyond ASCII, and all of the file is UTF-8"
            return Guess("encoding", "utf-8", "sure", said)
        said = "the sample is plain ASCII: whether é comes as UTF-8 or Windows-1252 is not known"
        return Guess("encoding", "utf-8", "likely", said)
    best = charset_normalizer.from_bytes(begins).best()
    looks = f"it looks like {best.encoding}" if best else "it looks like no charset that is known"
    if (strange := _decoded(plain, "windows-1252")) is None:
        raise ProposalError(
            f"{name} is neither UTF-8 nor Windows-1252 text; {looks}. Ask for UTF-8."
        )
    is_western = best is not None and best.encoding in ("cp1252", "latin_1", "iso8859_15")
    said = f"it is not UTF-8, and {strange} characters beyond ASCII fit; by their look {looks}"
    return Guess("encoding", "windows-1252", "likely" if is_western else "open", said)


def _decoded(plain: Path, encoding: str) -> int | None:
    """How many characters of a file are beyond ASCII; None if it is not in that encoding."""
    decoder, strange = codecs.getincrementaldecoder(encoding)(), 0
    try:
        with plain.open("rb") as source:
            while chunk := source.read(LOOKED_AT_BYTES):
                text = decoder.decode(chunk)
                strange += 0 if text.isascii() else sum(character > "\x7f" for character in text)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return None
    return strange


def _ends(plain: Path, encoding: str) -> bool:
    with plain.open("rb") as source:
        source.seek(-min(4, plain.stat().st_size), io.SEEK_END)
        tail = source.read().replace(b"\0", b"") if encoding == "utf-16" else source.read()
    return tail.endswith((b"\n", b"\r"))


def _delimiter(text: str, name: str) -> Guess:
    """The character that parts most records into the same number of cells."""
    best = (0.0, 0, "", 0)
    for delimiter in DELIMITERS:
        widths = Counter(_widths(text, delimiter))
        if not widths:
            continue
        width, times = max(widths.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]))
        share = times / widths.total()
        if width > 1 and (share > 0.5, width, share) > (best[0] > 0.5, best[1], best[0]):
            best = (share, width, delimiter, widths.total())
    share, width, delimiter, looked_at = best
    if not delimiter:
        raise ProposalError(
            f"{name} has one column: neither comma, semicolon, tab nor pipe parts its lines. "
            "Ask for CSV with a header; a file of fixed width needs an agreement by hand."
        )
    said = f"{round(share * looked_at)} of {looked_at} records have {width} cells by it"
    return Guess(
        "delimiter", delimiter, "sure" if share > 0.9 and looked_at > 2 else "likely", said
    )


def _widths(text: str, delimiter: str) -> Iterator[int]:
    lines = text.splitlines(keepends=True)[: LOOKED_AT_ROWS * 2]
    try:
        for nth, record in enumerate(csv.reader(lines, delimiter=delimiter)):
            if nth == LOOKED_AT_ROWS:
                return
            if any(record):
                yield len(record)
    except csv.Error:
        return


def _records(plain: Path, folder: Path, form: Form) -> list[list[str]]:
    """The records of a file as text, the first of them its first line."""
    copy = folder / "records.txt"
    copy_records(plain, copy, form, keys=folder)
    rows: list[list[str]] = []
    cells = 0
    last: list[str] = []
    with copy.open(encoding="utf-8", newline="") as text:
        try:
            for record in csv.reader(text, delimiter=form.delimiter):
                if record[1:] == [END]:
                    break
                last = [cell.strip() for cell in record[1:]]
                if len(last) > COLUMNS_MAX:
                    raise ProposalError(
                        f"A line has {len(last):,} columns; a sales file has at most {COLUMNS_MAX}."
                    )
                if len(rows) < ROWS_MAX and cells < CELLS_MAX:
                    rows.append(last)
                    cells += len(last)
            else:
                raise ProposalError(
                    f"A quotation mark is never closed, from line {len(rows)} or so on. Ask for "
                    "the file anew."
                )
        except csv.Error as error:
            raise ProposalError(f"A cell is longer than any of goods: {error}.") from error
    copy.unlink()
    return rows if not rows or rows[-1] is last else [*rows, last]


def _is_header(row: Sequence[str]) -> bool:
    """Whether a row is names: several, each once, none of them a number or a day."""
    filled = [cell for cell in row if cell]
    return (
        len(filled) >= 2
        and len(set(filled)) == len(filled)
        and not any(is_number(cell) or is_day(cell) for cell in filled)
    )


def _table(rows: list[list[str]], found: list[Guess], name: str) -> Sample:
    filled = [row for row in rows if any(row)]
    if not filled:
        raise ProposalError(f"{name} has no lines: nothing can be learnt from it.")
    width = Counter(sum(map(bool, row)) for row in filled).most_common(1)[0][0]
    header_row = next(
        (
            nth
            for nth, row in enumerate(rows[:HEADER_WITHIN], start=1)
            if _is_header(row) and sum(map(bool, row)) >= max(2, width * 0.6)
        ),
        0,
    )
    data = [row for row in rows[header_row:] if any(row)]
    if header_row and not data:
        raise ProposalError(f"{name} has a header and no lines: ask for a file with sales in it.")
    columns = max(len(row) for row in (rows[header_row - 1 : header_row] or data))
    if header_row:
        headers = rows[header_row - 1]
        said = f"line {header_row} holds {sum(map(bool, headers))} names, each once"
        guess = Guess("header_row", header_row, "sure" if header_row == 1 else "likely", said)
    else:
        headers = [str(n) for n in range(1, columns + 1)]
        guess = Guess("header_row", 0, "open", "no line looks like names of columns")
    remarks = []
    if header_row and (nth := _another_header(rows, header_row)):
        remarks.append(
            f"Line {nth} looks like the header of another table. A file holds one table: ask for "
            "them apart."
        )
    if ragged := sum(len(row) != len(headers) for row in data[:-1]):
        remarks.append(f"{ragged} of {len(data)} lines have not as many cells as the header.")
    if len(rows) > ROWS_MAX:
        remarks.append(f"Only the first {ROWS_MAX:,} lines and the last one were looked at.")
    padded = [[*row, *[""] * (len(headers) - len(row))][: len(headers)] for row in data]
    return Sample(headers, padded, [*found, guess], remarks)


def _another_header(rows: Sequence[Sequence[str]], header_row: int) -> int | None:
    """The line of a second header: names again, after an empty line or the same as before."""
    header = rows[header_row - 1]
    for nth, row in enumerate(rows[header_row:], start=header_row + 1):
        after_a_gap = not any(rows[nth - 2])
        if row == header or (after_a_gap and sum(map(bool, row)) > 2 and _is_header(row)):
            return nth
    return None
