"""Decryption: what partners have encrypted for us with OpenPGP, where that was agreed.

Our pair of keys lies in `keys/pgp.asc`; `tembaga public-key` prints what partners encrypt for.
"""

import os
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from tembaga.refusal import FileRefused

OWNER = "Tembaga"
ARMOUR = b"-----BEGIN PGP MESSAGE-----"
SKIPPED = b"\xef\xbb\xbf \t\r\n"
KEY_PACKETS = (0x84, 0x85, 0x86, 0xC1, 0x8C, 0x8D, 0xC3)  # With which an encrypted message begins.
PACKET_VERSIONS = (3, 4, 5, 6)
HEAD_BYTES = 128


def public_key(keys: Path) -> str:
    """Our public key, for partners to encrypt with. The first call makes the pair of keys."""
    import pysequoia

    return str(pysequoia.Tsk.from_file(str(secret_key(keys))).extract_certificate())


def secret_key(keys: Path) -> Path:
    """Where our secret key lies, readable by us alone. The first call makes the pair of keys."""
    path = keys / "pgp.asc"
    if not path.exists():
        _make_keys(path)
    return path


def is_encrypted(path: Path) -> bool:
    """Whether a file begins as a message of OpenPGP does, armoured or not."""
    with path.open("rb") as source:
        head = source.read(HEAD_BYTES)
    if head.lstrip(SKIPPED).startswith(ARMOUR):
        return True
    return (
        bool(head)
        and head[0] in KEY_PACKETS
        and any(head[n : n + 1] and head[n] in PACKET_VERSIONS for n in (2, 3))
    )


def decrypt(
    encrypted: Path, plain: Path, _form: object, *, secret_key: str, unpacked_max: int
) -> None:
    """Write what an encrypted file holds. It is done in a box (`tembaga.reading.box`).

    Raises:
        FileRefused: It was not encrypted for us, was cut or changed afterwards, or holds more
            than `unpacked_max` bytes.
    """
    import pysequoia

    decryptor = pysequoia.Tsk.from_file(secret_key).decryptor()
    try:
        pysequoia.decrypt_file(str(encrypted), str(plain), decryptor=decryptor)
    except Exception as error:  # It has no kinds of errors of its own.
        if plain.exists() and plain.stat().st_size >= unpacked_max:
            raise FileRefused(
                "E_FILE_TOO_LARGE", size_bytes=f"> {unpacked_max}", limit_bytes=unpacked_max
            ) from error
        raise FileRefused("E_FILE_ENCRYPTION", encryption="pgp") from error


def _make_keys(path: Path) -> None:
    import pysequoia

    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with NamedTemporaryFile("w", dir=path.parent, prefix=".pgp-") as made:  # Ours alone to read.
        made.write(str(pysequoia.Tsk.generate(OWNER)))
        made.flush()
        os.fsync(made.fileno())
        with suppress(FileExistsError):  # Who was first has made it.
            os.link(made.name, path)
