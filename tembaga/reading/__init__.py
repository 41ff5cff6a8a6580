"""Reading: turn a partner's file into records of text, in their order, nothing guessed.

    the file as sent ──decrypted──▶ packed ──unpacked──▶ plain ──by its format──▶ the copy

Which of these steps there are, and how each is done, is agreed; a file that is otherwise is
refused. The copy (`tembaga.reading.records`) is the same for every format, and DuckDB reads it.
No type is ever detected: a cell is text until `tembaga.lines` says what it is.
"""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from tembaga.reading.box import in_a_box
from tembaga.reading.decryption import is_encrypted, secret_key
from tembaga.reading.json_lines import copy_json_lines
from tembaga.reading.records import END, quoted, read_header, records_query, unreadable
from tembaga.reading.text import copy_delimited, copy_fixed_width
from tembaga.reading.unpacking import unpack_gz
from tembaga.refusal import FileRefused

if TYPE_CHECKING:
    from tembaga.forms import Form

UNPACKED_TIMES_MAX = 20  # Of the agreed size; text and workbooks pack to a tenth or so.
UNPACKED_BYTES_MAX = 4 * 1024**3
RATIO_MAX = 200  # Of what is unpacked to what was sent: text that says something has less.
RATIO_FREE_BYTES = 16 * 1024**2  # Up to here no ratio is looked at.

COPY = {"csv": copy_delimited, "fixed": copy_fixed_width, "jsonl": copy_json_lines}

__all__ = ["END", "copy_records", "quoted", "read_header", "records_query", "unreadable"]


def copy_records(
    original: Path,
    copy: Path,
    form: "Form",
    *,
    keys: Path,
    days: Collection[str] | None = None,
) -> None:
    """Write the copy of a file's records; `keys` is where ours lie.

    `days`: the headers under which a typed cell may be a day or a time; None: under all.

    What is made on the way lies beside the copy, and is gone afterwards.

    Raises:
        FileRefused: The file is not what was agreed, or larger.
    """
    made: list[Path] = []
    try:
        plain = _plain(original, copy, form, keys, made)
        if plain.stat().st_size == 0:
            raise FileRefused("E_FILE_EMPTY")
        if form.format in COPY:
            COPY[form.format](plain, copy, form)
        else:
            made.append(copy.with_name(f"source.{form.format}"))
            limit = _unpacked_max(plain, form)
            named = None if days is None else sorted(days)
            in_a_box(form.format, plain, copy, form, unpacked_max=limit, days=named)
    finally:
        for path in made:
            path.unlink(missing_ok=True)


def _plain(original: Path, copy: Path, form: "Form", keys: Path, made: list[Path]) -> Path:
    """The file without its encryption and packing; `made` says what was written for it."""
    plain = original
    if original.stat().st_size == 0:
        raise FileRefused("E_FILE_EMPTY")
    if is_encrypted(original) != (form.encryption == "pgp"):
        raise FileRefused("E_FILE_ENCRYPTION", encryption=form.encryption)
    limit = _unpacked_max(original, form)
    if form.encryption == "pgp":
        made.append(copy.with_name("decrypted"))
        secret = str(secret_key(keys))
        in_a_box("pgp", plain, made[-1], form, secret_key=secret, unpacked_max=limit)
        plain = made[-1]
    if form.packing != "none":
        made.append(copy.with_name("unpacked"))
        if form.packing == "gz":
            unpack_gz(plain, made[-1], unpacked_max=limit)
        else:
            in_a_box("zip", plain, made[-1], form, unpacked_max=limit)
        plain = made[-1]
    return plain


def _unpacked_max(path: Path, form: "Form") -> int:
    """The size in bytes that a file, as it came, may grow to."""
    by_ratio = max(RATIO_FREE_BYTES, RATIO_MAX * path.stat().st_size)
    return min(form.max_bytes * UNPACKED_TIMES_MAX, UNPACKED_BYTES_MAX, by_ratio)
