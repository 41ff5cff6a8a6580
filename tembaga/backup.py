"""Backup: the register and the warehouse of one instant, and what they stand on.

While posting, loading and papers rest, both stores are fixed at one point: the register and a
warehouse on PostgreSQL by a snapshot, a DuckDB file by copying it. Then everybody goes on, and
the snapshots are written out.

The folder takes its name when all is in it and on the disk. So it is whole, or not there.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import Connection, Engine, create_engine, func, select, text
from sqlalchemy.pool import NullPool

from tembaga import contract
from tembaga.backup_manifest import (
    DUCKDB_FILE,
    KEYS,
    LANDING,
    MANIFEST,
    REGISTER,
    REGISTER_SCHEMAS,
    WAREHOUSE,
    WAREHOUSE_SCHEMAS,
    KeptFile,
    Manifest,
    all_files,
    kept,
    write_json,
)
from tembaga.dump import write_dump
from tembaga.landing import folder_of, original, sync_folder
from tembaga.register.tables import files
from tembaga.rest import books_at_rest
from tembaga.settings import Settings
from tembaga.warehouse import has_table, in_use, is_locked, read_warehouse

SNAPSHOT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
RULEPACKS = "rulepacks"
LANDED = ("landed", "validated", "loaded", "refused")


class NotBackedUpError(Exception):
    """A backup cannot be written where it was asked for; the sentence says why."""


def backup(engine: Engine, to: Path, *, settings: Settings) -> Manifest:
    """Write a backup into the folder `to`, which must be empty or not there yet.

    Nobody but its owner may read it: it holds names, addresses and statements.
    If it is killed, `to` is not there; what it leaves beside it, the next one takes away.

    Raises:
        NotBackedUpError: The folder holds something, or another backup is being written there.
        BatchInProgressError: Somebody is posting.
        WarehouseInUseError: Another process is writing to the warehouse.
        RegisterUnreachableError, WarehouseUnreachableError: There is no answer.
    """
    to = to.expanduser().absolute()
    if to.is_mount() or (to.exists() and (not to.is_dir() or any(to.iterdir()))):
        raise NotBackedUpError(f"{to} is not empty, or a volume itself: give a new folder.")
    try:
        return _backup(engine, to, settings)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = error.strerror if isinstance(error, OSError) else "copying failed"
        raise NotBackedUpError(
            f"The backup cannot be written to {to} ({reason}); nothing of it is there."
        ) from error


def _backup(engine: Engine, to: Path, settings: Settings) -> Manifest:
    with _part(to) as part, ExitStack() as opened:
        register = opened.enter_context(_snapshot(engine))
        with books_at_rest(engine, settings):
            facts = _facts(register)  # The first query: from here on it sees this moment.
            books, warehouse = opened.enter_context(_fixed(settings, part))
        tables = write_dump(register, part / REGISTER, schemas=REGISTER_SCHEMAS)
        of_warehouse: list[str] = []
        if warehouse is not None:
            of_warehouse = write_dump(warehouse, part / WAREHOUSE, schemas=WAREHOUSE_SCHEMAS)
        write_json(part / LANDING, [file.model_dump() for file in _landed(register, settings)])
        write_json(part / KEYS, [key.model_dump() for key in _keys(settings)])
        manifest = Manifest(
            made_at=datetime.now(UTC),
            engine=settings.warehouse,
            register_tables=tables,
            warehouse_tables=of_warehouse,
            files=[kept(path, part) for path in all_files(part)],
            **facts,
            **books,
        )
        write_json(part / MANIFEST, manifest.model_dump(mode="json"))
        _sync(part)
        part.rename(to)
        sync_folder(to.parent)
    return manifest


@contextmanager
def _part(to: Path) -> Iterator[Path]:
    """The folder beside `to` in which it is written, by one process at a time."""
    part = to.with_name(f".{to.name}.part")
    part.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as opened:
        descriptor = os.open(part, os.O_RDONLY)
        opened.callback(os.close, descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotBackedUpError(f"Another backup is being written to {to}.") from None
        for path in part.iterdir():  # Of one that was killed.
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        yield part


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    """The register at the moment of the first query, however long it is read."""
    frozen = create_engine(engine.url, poolclass=NullPool, execution_options=SNAPSHOT)
    try:
        with frozen.connect() as register:
            yield register
    finally:
        frozen.dispose()


def _facts(register: Connection) -> dict[str, Any]:
    """What the register says of itself."""
    return {
        "revision": register.scalar(text("select version_num from alembic_version")),
        "last_file_no": register.scalar(select(func.max(files.c.file_no))) or 0,
    }


@contextmanager
def _fixed(settings: Settings, part: Path) -> Iterator[tuple[dict[str, Any], Connection | None]]:
    """The warehouse of this moment: what its books say of themselves, and PostgreSQL's snapshot.

    A DuckDB file is copied instead.
    """
    with ExitStack() as opened:
        warehouse = opened.enter_context(read_warehouse(settings))
        books = _books(warehouse)
        is_there = books["contract"] is not None
        if settings.warehouse == "postgres":
            yield books, warehouse if is_there else None
            return
        opened.close()
        if is_there:
            (part / WAREHOUSE).mkdir()
            _copy_duckdb(settings, part / WAREHOUSE / DUCKDB_FILE)
        yield books, None


def _books(warehouse: Connection) -> dict[str, Any]:
    """The version of the warehouse, and the last batch of the ledger with its head."""
    found = contract.found_version(warehouse)
    last = None
    if has_table(warehouse, "ledger", "batches"):
        query = "select batch_no, head from ledger.batches order by batch_no desc limit 1"
        last = warehouse.execute(text(query)).one_or_none()
    return {"contract": found, "batch_no": last and last.batch_no, "head": last and last.head}


def _copy_duckdb(settings: Settings, to: Path) -> None:
    """Copy the file while DuckDB keeps others out of it, and nothing waits to be written to it.

    Another process copies: a file that this one opens and closes would lose its lock.
    """
    try:
        with duckdb.connect(str(settings.warehouse_file)) as kept_open:
            kept_open.execute("checkpoint")
            subprocess.run(["cp", str(settings.warehouse_file), str(to)], check=True)
    except duckdb.IOException as error:
        if is_locked(error):
            raise in_use(settings) from error
        raise


def _landed(register: Connection, settings: Settings) -> Iterator[KeptFile]:
    """The files of the landing that do not change any more: what came, and what was loaded."""
    columns = (files.c[name] for name in ("file_no", "partner", "name", "state"))
    query = select(*columns).where(files.c.state.in_(LANDED)).order_by(files.c.file_no)
    for file in register.execute(query):
        folder = folder_of(settings.landing, file.partner, file.file_no)
        if file.state == "loaded":
            found = list(all_files(folder)) if folder.is_dir() else []
        else:
            found = [original(settings.landing, file.partner, file.file_no, file.name)]
        for path in found:
            if path.is_file():
                yield kept(path, settings.landing)
    rulepacks = settings.landing / RULEPACKS
    if rulepacks.is_dir():
        for path in all_files(rulepacks):
            yield kept(path, settings.landing)


def _keys(settings: Settings) -> Iterator[KeptFile]:
    """The keys of the installation, by their fingerprints."""
    if settings.keys.is_dir():
        for path in all_files(settings.keys):
            yield kept(path, settings.keys)


def _sync(folder: Path) -> None:
    """Bring all files of the folder, and their names, to the disk."""
    for path in all_files(folder):
        with path.open("rb") as file:
            os.fsync(file.fileno())
    for path in (*(path for path in folder.rglob("*") if path.is_dir()), folder):
        sync_folder(path)
