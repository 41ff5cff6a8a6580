"""The manifest of a backup: what it holds, and what it takes for granted beside it.

manifest.json     written last: a folder without it is no backup
register/         the register's tables
warehouse/        the DuckDB file, or the tables of PostgreSQL
landing.json      each file of the landing that the books stand on; its bytes stay there
keys.json         each key by its fingerprint; no key is copied
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from tembaga.landing import sha256_of

MANIFEST, LANDING, KEYS = "manifest.json", "landing.json", "keys.json"
REGISTER, WAREHOUSE, DUCKDB_FILE = "register", "warehouse", "warehouse.duckdb"
REGISTER_SCHEMAS = ("public",)
WAREHOUSE_SCHEMAS = ("raw", "ledger")
VOUCHER_KEY = "vouchers"  # Without this very one, no voucher that was issued is known again.


class NoBackupError(Exception):
    """A folder holds no backup, or not the one that was written; the sentence says why."""


class KeptFile(BaseModel):
    """A file: its path in its folder, its size in bytes and its SHA-256."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    size: int
    sha256: str


class Manifest(BaseModel):
    """What a backup holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    made_at: datetime
    engine: Literal["duckdb", "postgres"]
    revision: str
    contract: int | None
    batch_no: int | None
    head: str | None
    last_file_no: int
    register_tables: list[str]
    warehouse_tables: list[str]
    files: list[KeptFile]

    def says(self) -> str:
        """What it is, in a few words."""
        at = f"{self.made_at:%Y-%m-%d %H:%M} UTC"
        if self.batch_no is None:
            return f"{at}, before the first batch"
        return f"{at}, batch {self.batch_no}, head {self.head}"


def kept(path: Path, root: Path) -> KeptFile:
    """A file as it is now, by its path from `root`."""
    return KeptFile(
        path=path.relative_to(root).as_posix(), size=path.stat().st_size, sha256=sha256_of(path)
    )


def all_files(folder: Path) -> Iterator[Path]:
    """Every file under a folder, by its path; hidden ones are at work, and left out."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(
            part.startswith(".") for part in path.relative_to(folder).parts
        ):
            yield path


def write_json(path: Path, content: Any) -> None:
    """Write something as JSON that people can read too."""
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup, when every file of it is as it was written.

    Raises:
        NoBackupError: There is none, or a file is missing or changed.
    """
    path = folder / MANIFEST
    try:
        manifest = Manifest.model_validate_json(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise NoBackupError(
            f"{folder} holds no backup: there is no {MANIFEST}, which is written last. "
            "Give the folder of one that was finished."
        ) from None
    except (ValidationError, UnicodeDecodeError) as error:
        raise NoBackupError(
            f"{path} cannot be read as the manifest of a backup: it was changed, or a newer "
            "version wrote it."
        ) from error
    if found := first_difference(manifest.files, folder):
        raise NoBackupError(f"The backup {folder} is not whole: {found}. Give another one.")
    return manifest


def read_list(folder: Path, name: str) -> list[KeptFile]:
    """The files that a part of the backup lists."""
    return [KeptFile.model_validate(each) for each in json.loads((folder / name).read_bytes())]


def first_difference(files: Iterable[KeptFile], root: Path) -> str:
    """How the first of these files is missing or changed, in words; empty: all are the same."""
    for file in files:
        path = root / file.path
        if not path.is_file():
            return f"{path} is missing"
        if path.stat().st_size != file.size or sha256_of(path) != file.sha256:
            return f"{path} was changed; its SHA-256 was {file.sha256}"
    return ""
