"""Packed and encrypted files: damaged, several in one, or packed to do harm."""

import bz2
import gzip
import io
import struct
import tarfile
import warnings
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pysequoia

from tembaga.reading.decryption import public_key
from tests.bad_files.case import Case, delimited
from tests.bad_files.workbooks import written as workbook

PLAIN = delimited()
GZ, ZIP, PGP = {"packing": "gz"}, {"packing": "zip"}, {"encryption": "pgp"}


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _gz()
    yield from _zip()
    yield from _pgp()


def _gz() -> Iterator[Case]:
    packed = gzip.compress(PLAIN)
    yield Case("READ__gz", packed, GZ)
    yield Case("READ__gz_of_two_parts", gzip.compress(PLAIN[:70]) + gzip.compress(PLAIN[70:]), GZ)
    yield Case("READ__gz_of_an_xlsx", gzip.compress(workbook()), GZ | {"format": "xlsx"})
    yield Case("READ__gz_padded_with_nulls", packed + bytes(100), GZ)
    for place in (1, 5, 10, len(packed) // 2, len(packed) - 8, len(packed) - 1):
        yield Case(f"E_FILE_PACKING__gz_cut_after_{place}_bytes", packed[:place], GZ)
    flipped = bytearray(packed)
    flipped[len(packed) // 2] ^= 4
    for name, data in {
        "a_flipped_bit": bytes(flipped),
        "another_check_sum": packed[:-8] + b"\0\0\0\0" + packed[-4:],
        "text_behind": packed + b"more",
        "not_packed": PLAIN,
        "a_zip": zipped({"a.csv": PLAIN}),
        "bzip2": bz2.compress(PLAIN),
        "nulls": bytes(100),
    }.items():
        yield Case(f"E_FILE_PACKING__gz_{name}", data, GZ)
    yield Case("E_FILE_EMPTY__gz_of_nothing", gzip.compress(b""), GZ)
    yield Case("E_FILE_TRUNCATED__gz_of_a_file_that_was_cut", gzip.compress(PLAIN[:-5]), GZ)
    yield Case("E_FILE_ENCODING__gz_packed_twice", gzip.compress(packed), GZ)
    yield Case("E_FILE_ENCODING__gz_where_none_was_agreed", packed)
    yield Case("E_FILE_TOO_LARGE__gz_that_unpacks_without_end", _gz_bomb, GZ)
    small = GZ | {"max_bytes": 1000}
    yield Case("E_FILE_TOO_LARGE__gz_of_more_than_agreed", gzip.compress(PLAIN * 500), small)


def _gz_bomb(_keys: Path) -> bytes:
    return gzip.compress(b"x" * 1000 + b"\n" * 40_000_000)


def _zip() -> Iterator[Case]:
    packed = zipped({"sales.csv": PLAIN})
    yield Case("READ__zip", packed, ZIP)
    yield Case("READ__zip_stored", zipped({"sales.csv": PLAIN}, zipfile.ZIP_STORED), ZIP)
    for name in (
        "../../../tmp/outside.csv",
        "/etc/passwd",
        "a\\b:c.csv",
        "folder/sales.csv",
        "x" * 5000,
    ):
        label = "".join(c if c.isalnum() else "_" for c in name[:20]).strip("_")
        yield Case(f"READ__zip_whose_member_is_called_{label}", zipped({name: PLAIN}), ZIP)
    for place in (3, 20, len(packed) // 2, len(packed) - 30, len(packed) - 1):
        yield Case(f"E_FILE_PACKING__zip_cut_after_{place}_bytes", packed[:place], ZIP)
    link = zipfile.ZipInfo("sales.csv")
    link.external_attr = 0o120777 << 16
    device = zipfile.ZipInfo("sales.csv")
    device.external_attr = 0o020666 << 16
    locked = bytearray(packed)
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    unknown = bytearray(packed)
    unknown[8] = 97
    unknown[unknown.index(b"PK\x01\x02") + 10] = 97
    damaged = bytearray(packed)
    damaged[60] ^= 16
    for name, data in {
        "two_members": zipped({"a.csv": PLAIN, "b.csv": PLAIN}),
        "no_member": zipped({}),
        "a_folder_alone": zipped({"sales/": b""}),
        "a_folder_and_a_file": zipped({"sales/": b"", "sales/a.csv": PLAIN}),
        "a_link": zipped({link: b"/etc/passwd"}),
        "a_device": zipped({device: PLAIN}),
        "a_password": bytes(locked),
        "an_unknown_compression": bytes(unknown),
        "a_flipped_bit": bytes(damaged),
        "not_packed": PLAIN,
        "a_gz": gzip.compress(PLAIN),
        "a_tar": _tar(),
        "nulls": bytes(500),
        "its_end_alone": b"PK\x05\x06" + bytes(18),
        "an_end_that_counts_one_member": b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, 1, 1, 9, 0, 0),
    }.items():
        yield Case(f"E_FILE_PACKING__zip_{name}", data, ZIP)
    yield Case("E_FILE_ENCODING__zip_in_a_zip", zipped({"a.zip": packed}), ZIP)
    yield Case("E_FILE_ENCODING__zip_where_none_was_agreed", packed)
    yield Case("E_FILE_EMPTY__zip_of_nothing", zipped({"sales.csv": b""}), ZIP)
    yield Case("E_FILE_TOO_LARGE__zip_that_unpacks_without_end", _zip_bomb, ZIP)
    yield Case("E_FILE_TOO_LARGE__zip_in_lzma_that_unpacks_without_end", _lzma_bomb, ZIP)
    yield Case("E_FILE_PACKING__zip_that_lies_about_its_size", _lying, ZIP)
    yield Case("E_FILE_PACKING__zip_of_overlapping_members", _overlapping, ZIP)


def zipped(members: dict[str | zipfile.ZipInfo, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of members, by their names or infos."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", kind) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def _tar() -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        member = tarfile.TarInfo("sales.csv")
        member.size = len(PLAIN)
        archive.addfile(member, io.BytesIO(PLAIN))
    return target.getvalue()


def _zip_bomb(_keys: Path) -> bytes:
    return zipped({"sales.csv": b"x\n" * 20_000_000})


def _lzma_bomb(_keys: Path) -> bytes:
    return zipped({"sales.csv": b"x\n" * 20_000_000}, zipfile.ZIP_LZMA)


def _lying(keys: Path) -> bytes:
    bomb = bytearray(_zip_bomb(keys))
    for at in (22, bomb.index(b"PK\x01\x02") + 24):
        bomb[at : at + 4] = len(PLAIN).to_bytes(4, "little")
    return bytes(bomb)


def _overlapping(_keys: Path) -> bytes:
    """Two members of one name, whose bytes are the same: as a bomb without nesting has many."""
    target = io.BytesIO()
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a.csv", PLAIN)
        archive.filelist.append(archive.filelist[0])
    return target.getvalue()


def _pgp() -> Iterator[Case]:
    packed = PGP | {"packing": "gz"}
    yield Case("READ__pgp", lambda keys: _encrypted(PLAIN, keys), PGP)
    yield Case("READ__pgp_armoured", lambda keys: _encrypted(PLAIN, keys, armor=True), PGP)
    yield Case("READ__pgp_of_a_gz", lambda keys: _encrypted(gzip.compress(PLAIN), keys), packed)
    yield Case(
        "READ__pgp_of_an_xlsx", lambda keys: _encrypted(workbook(), keys), PGP | {"format": "xlsx"}
    )
    for name, data in {
        "not_encrypted": PLAIN,
        "an_xlsx_not_encrypted": workbook(),
        "armour_of_nothing": b"-----BEGIN PGP MESSAGE-----\n\n-----END PGP MESSAGE-----\n",
        "armour_of_nonsense": b"-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END PGP MESSAGE-----\n",
        "signed_and_not_encrypted": b"-----BEGIN PGP SIGNED MESSAGE-----\n\n" + PLAIN,
        "a_public_key": str(_stranger().extract_certificate()).encode(),
    }.items():
        yield Case(f"E_FILE_ENCRYPTION__pgp_{name}", data, PGP)
    stranger = pysequoia.encrypt(PLAIN, recipients=[_stranger().extract_certificate()], armor=False)
    yield Case("E_FILE_ENCRYPTION__pgp_for_somebody_else", bytes(stranger), PGP)
    password = pysequoia.encrypt(PLAIN, passwords=["secret"], armor=False)
    yield Case("E_FILE_ENCRYPTION__pgp_with_a_password", bytes(password), PGP)
    for part in (10, 30, 50, 70, 99):
        yield Case(
            f"E_FILE_ENCRYPTION__pgp_cut_after_{part}_percent",
            lambda keys, part=part: (data := _encrypted(PLAIN, keys))[: len(data) * part // 100],
            PGP,
        )
    yield Case("E_FILE_ENCRYPTION__pgp_a_flipped_bit", _flipped, PGP)
    yield Case("E_FILE_ENCRYPTION__pgp_where_none_was_agreed", lambda keys: _encrypted(PLAIN, keys))
    yield Case(
        "E_FILE_ENCRYPTION__pgp_armoured_where_none_was_agreed",
        lambda keys: _encrypted(PLAIN, keys, armor=True),
    )
    yield Case(
        "E_FILE_ENCRYPTION__pgp_for_xlsx_where_none_was_agreed",
        lambda keys: _encrypted(workbook(), keys),
        {"format": "xlsx"},
    )
    yield Case(
        "E_FILE_ENCODING__pgp_twice", lambda keys: _encrypted(_encrypted(PLAIN, keys), keys), PGP
    )
    yield Case(
        "E_FILE_PACKING__pgp_not_packed_within", lambda keys: _encrypted(PLAIN, keys), packed
    )
    yield Case("E_FILE_EMPTY__pgp_of_nothing", lambda keys: _encrypted(b"", keys), PGP)
    small = PGP | {"max_bytes": 1000}
    yield Case(
        "E_FILE_TOO_LARGE__pgp_of_more_than_agreed",
        lambda keys: _encrypted(PLAIN * 500, keys),
        small,
    )


def _encrypted(data: bytes, keys: Path, *, armor: bool = False) -> bytes:
    ours = pysequoia.Cert.from_bytes(public_key(keys).encode())
    return bytes(pysequoia.encrypt(data, recipients=[ours], armor=armor))


def _flipped(keys: Path) -> bytes:
    data = bytearray(_encrypted(PLAIN, keys))
    data[-60] ^= 1
    return bytes(data)


@cache
def _stranger() -> pysequoia.Tsk:
    return pysequoia.Tsk.generate("Somebody else")
