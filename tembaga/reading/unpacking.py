"""Unpacking: the one file in a `.gz` or a `.zip`, never more of it than was agreed.

The name of a member is not used for anything. Nothing but plain bytes comes out: a member that
is a link, a folder or encrypted is refused, and so are several.
"""

import gzip
import stat
import zipfile
import zlib
from pathlib import Path

from tembaga.landing import Readable
from tembaga.refusal import FileRefused

CHUNK_BYTES = 1 << 20
ENCRYPTED = 0x1


def unpack_gz(packed: Path, plain: Path, *, unpacked_max: int) -> None:
    """Write what a `.gz` holds.

    Raises:
        FileRefused: It is none, is damaged or cut, or holds more than `unpacked_max` bytes.
    """
    try:
        with gzip.open(packed) as source:
            _copy(source, plain, unpacked_max)
    except (OSError, EOFError, zlib.error) as error:
        raise FileRefused("E_FILE_PACKING", packing="gz") from error


def unpack_zip(packed: Path, plain: Path, _form: object, *, unpacked_max: int) -> None:
    """Write the one member of a `.zip`. It is done in a box (`tembaga.reading.box`).

    Raises:
        FileRefused: It is none, is damaged or cut, has not exactly one member or one that is
            no plain file, or the member has more than `unpacked_max` bytes.
    """
    refused = FileRefused("E_FILE_PACKING", packing="zip")
    try:
        with zipfile.ZipFile(packed) as archive:
            if len(archive.infolist()) != 1:
                raise refused
            member = archive.infolist()[0]
            mode = member.external_attr >> 16
            is_plain = not stat.S_IFMT(mode) or stat.S_ISREG(mode)
            if member.is_dir() or not is_plain or member.flag_bits & ENCRYPTED:
                raise refused
            with archive.open(member) as source:
                _copy(source, plain, unpacked_max)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        # NotImplementedError, of a compression that is not known, is a RuntimeError.
        raise refused from error


def _copy(source: Readable, plain: Path, unpacked_max: int) -> None:
    written = 0
    with plain.open("wb") as target:
        while chunk := source.read(CHUNK_BYTES):
            written += len(chunk)
            if written > unpacked_max:
                raise FileRefused(
                    "E_FILE_TOO_LARGE", size_bytes=f"> {unpacked_max}", limit_bytes=unpacked_max
                )
            target.write(chunk)
