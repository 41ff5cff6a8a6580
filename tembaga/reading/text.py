"""Text: delimited, of fixed width, or JSON lines, as checked UTF-8 with line feeds."""

import codecs
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from tembaga.reading.records import END, clean, write_records
from tembaga.refusal import FileRefused

if TYPE_CHECKING:
    from tembaga.forms import Form

LINE_BYTES_MAX = 1024**2  # Of a line as UTF-8; none of goods comes near.
CHUNK_BYTES = LINE_BYTES_MAX // 4  # No chunk is longer than a line may be, whatever its encoding.
CONTROLS = bytes([*range(9), 11, 12, *range(14, 32), 127])
# How that begins in UTF-8 which `clean` looks for, besides controls.
QUESTIONABLE_BEGINS = (b"\xc2", b"\xe2\x80", b"\xe2\x81", b"\xef\xbb")
NOT_ASCII = re.compile(r"[^\x00-\x7f]")
MARKS_OF_ORDER = {"utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)}


def copy_delimited(original: Path, copy: Path, form: "Form") -> None:
    """Write the copy of delimited text, without holding the file in memory.

    Raises:
        FileRefused: It is not text in the agreed encoding, has a line that is longer than any
            may be, or its last line does not end.
    """
    delimiter, ends = form.delimiter.encode(), True
    with copy.open("wb") as target:
        target.write(delimiter)
        for chunk in chunks(original, form):
            target.write(chunk.replace(b"\n", b"\n" + delimiter))
            ends = chunk.endswith(b"\n")
        target.write(END.encode() if ends else b"\n" + delimiter + END.encode())


def copy_fixed_width(original: Path, copy: Path, form: "Form") -> None:
    """Write the copy of lines of fixed width, cut where it was agreed.

    A line that is shorter or longer than agreed, or has text between the spans, is one cell:
    its values may stand in the wrong columns.

    Raises:
        FileRefused: As of delimited text.
    """
    spans = list(form.spans.values())
    end = max(span.end for span in spans)
    between = sorted({*range(end)} - {n for span in spans for n in range(span.start - 1, span.end)})

    def cells(line_no: int, line: str) -> list[str]:
        if line_no == form.header_row:
            line = line.ljust(end)
        if len(line) != end or any(line[n] != " " for n in between):
            return [line] if line.strip(" ") else []
        return [line[span.start - 1 : span.end].strip(" ") for span in spans]

    def records() -> Iterator[list[str]]:
        if form.header_row == 0:
            yield list(form.spans)
        for line_no, line in enumerate(lines(original, form), start=1):
            yield cells(line_no, line)

    write_records(copy, records(), form, first_line_no=1 if form.header_row else 0)


def lines(original: Path, form: "Form") -> Iterator[str]:
    """The lines of a text, without their ends; only line feeds and returns end one."""
    rest = b""
    for chunk in chunks(original, form):
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line.decode() for line in whole)
    if rest:
        yield rest.decode()


def chunks(original: Path, form: "Form") -> Iterator[bytes]:
    """The text in pieces, as UTF-8 with line feeds, without what nobody sees.

    Raises:
        FileRefused: It is not text in the agreed encoding, has a line that is longer than any
            may be, or its last line does not end.
    """
    line_no, line_bytes, ends = 1, 0, True
    for text in _decoded(original, form):
        chunk = text.encode()
        if _is_questionable(chunk):
            chunk = clean(text, line_no, form).encode()
        line_bytes += length if (length := chunk.find(b"\n")) >= 0 else len(chunk)
        if line_bytes > LINE_BYTES_MAX:
            raise FileRefused("E_FILE_LINE_TOO_LONG", line_no=line_no, limit_bytes=LINE_BYTES_MAX)
        if length >= 0:
            line_no += chunk.count(b"\n")
            line_bytes = len(chunk) - chunk.rfind(b"\n") - 1
        if chunk:
            ends = chunk.endswith(b"\n")
            yield chunk
    if not ends and form.final_newline == "required":
        raise FileRefused("E_FILE_TRUNCATED", expected="LF")


def _is_questionable(chunk: bytes) -> bool:
    if len(chunk.translate(None, CONTROLS)) < len(chunk):
        return True
    return not chunk.isascii() and any(begin in chunk for begin in QUESTIONABLE_BEGINS)


def _decoded(original: Path, form: "Form") -> Iterator[str]:
    """The text as it was written, but for its line ends and the mark of order before it."""
    decoder = _decoder(form)
    decode = io.IncrementalNewlineDecoder(decoder, translate=True).decode
    with original.open("rb") as source:
        _refuse_wrong_beginning(source, form)
        try:
            while chunk := source.read(CHUNK_BYTES):
                yield decode(chunk)
            yield decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise _not_in(form, _first_undecodable(original, form)) from error
    if form.encoding == "windows-1252":
        _refuse_utf_8(original, form)


def _decoder(form: "Form") -> codecs.IncrementalDecoder:
    encoding = "utf-8-sig" if form.encoding == "utf-8" else form.encoding
    return codecs.getincrementaldecoder(encoding)()


def _refuse_wrong_beginning(source: BinaryIO, form: "Form") -> None:
    marks = MARKS_OF_ORDER.get(form.encoding)
    if marks is not None and source.read(2) not in marks:
        raise _not_in(form, 1)
    source.seek(0)


def _first_undecodable(original: Path, form: "Form") -> int:
    """The number of the line at which decoding stops."""
    decoder, line_no = _decoder(form), 1
    with original.open("rb") as source:
        while chunk := source.read(CHUNK_BYTES):
            state = decoder.getstate()
            try:
                line_no += decoder.decode(chunk).count("\n")
            except UnicodeDecodeError:
                decoder.setstate(state)
                return line_no + _lines_before_fault(decoder, chunk)
    return line_no


def _lines_before_fault(decoder: codecs.IncrementalDecoder, chunk: bytes) -> int:
    found = 0
    for n in range(len(chunk)):
        try:
            found += decoder.decode(chunk[n : n + 1]).count("\n")
        except UnicodeDecodeError:
            break
    return found


def _refuse_utf_8(original: Path, form: "Form") -> None:
    """Refuse text that is UTF-8 throughout: by chance no text of Windows is, if not all ASCII."""
    decoder, line_no, first = codecs.getincrementaldecoder("utf-8")(), 1, 0
    with original.open("rb") as source:
        while chunk := source.read(CHUNK_BYTES):
            try:
                text = decoder.decode(chunk)
            except UnicodeDecodeError:
                return
            if not first and not chunk.isascii():
                first = line_no + text[: _ascii_length(text)].count("\n")
            line_no += text.count("\n")
    if first and not decoder.getstate()[0]:
        raise _not_in(form, first)


def _ascii_length(text: str) -> int:
    found = NOT_ASCII.search(text)
    return found.start() if found else len(text)


def _not_in(form: "Form", line_no: int) -> FileRefused:
    return FileRefused("E_FILE_ENCODING", encoding=form.encoding, line_no=line_no)
