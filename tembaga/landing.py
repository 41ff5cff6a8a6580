"""Landing: every file as it came, under its number, never changed.

    landing/
      sagarabumi/
        00000017/
          original/SALES_20260301.csv    the bytes, untouched
          rows.parquet, rejects.parquet  what validation made of them

It is what we can show a partner who asks what they sent, and every row of the ledger leads
back to a file here and a line in it.
"""

import hashlib
import os
import shutil
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

CHUNK_BYTES = 1024 * 1024
NAME_CHARACTERS_MAX = 200
NAME_BYTES_MAX = 240  # Of the 255 that a name may have; the file's number comes before it.


class FileChangedError(Exception):
    """A file is still being written; receiving it again later may succeed."""


class Readable(Protocol):
    """What bytes can be read from."""

    def read(self, size: int, /) -> bytes: ...


def is_plain(name: str) -> bool:
    """Whether a name from outside may become a name in a folder of ours.

    Not plain: empty or too long, with a part of a path, hidden, with blanks at an end, with
    characters that are not seen (controls, line ends, changes of direction) or not text.
    """
    return (
        0 < len(name) <= NAME_CHARACTERS_MAX
        and not name.startswith(".")
        and name == name.strip()
        and not any(_is_not_plain(character) for character in name)
        and len(name.encode()) <= NAME_BYTES_MAX
    )


def folder_of(landing: Path, partner: str, file_no: int) -> Path:
    """The folder of a file: its original, and what validation makes of it."""
    return landing / partner / f"{file_no:08d}"


def original(landing: Path, partner: str, file_no: int, name: str) -> Path:
    """Where the bytes of a file lie once it has landed.

    Raises:
        ValueError: The name or the partner is not plain.
    """
    for part in (partner, name):
        if not is_plain(part):
            raise ValueError(f"not a plain name: {part!r}")
    return folder_of(landing, partner, file_no) / "original" / name


def land(
    received: Readable, path: Path, *, size_bytes: int, is_unchanged: Callable[[], bool]
) -> None:
    """Copy `received` to `path`: whole and on the disk, or not at all.

    `is_unchanged` is asked when all has been read: whether the source is what it was before.

    Raises:
        FileChangedError: It does not hold `size_bytes` bytes, or was changed meanwhile.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    copied = _copy(received, part, at_most=size_bytes)
    if copied != size_bytes or received.read(1) or not is_unchanged():
        raise FileChangedError("The file was changed while it was read; it is received later.")
    os.replace(part, path)
    sync_folder(path.parent)


@contextmanager
def workspace(folder: Path, purpose: str) -> Iterator[Path]:
    """A folder in `folder` for what is renamed into place when it is whole; gone afterwards.

    What a kill left of an earlier one for this purpose goes first, so the caller sees to it that
    nobody works at the same time.
    """
    prefix = f".{purpose}-"
    for left_by_a_kill in folder.glob(f"{prefix}*"):
        shutil.rmtree(left_by_a_kill)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=folder) as made:
        yield Path(made)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_not_plain(character: str) -> bool:
    category = unicodedata.category(character)
    return character in "/\\" or category[0] == "C" or (category[0] == "Z" and character != " ")


def _copy(received: Readable, part: Path, *, at_most: int) -> int:
    copied = 0
    with part.open("wb") as file:
        while copied < at_most and (chunk := received.read(min(CHUNK_BYTES, at_most - copied))):
            file.write(chunk)
            copied += len(chunk)
        file.flush()
        os.fsync(file.fileno())
    return copied


def sync_folder(folder: Path) -> None:
    """Write the folder's names to the disk: without it a crash may forget the file."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
