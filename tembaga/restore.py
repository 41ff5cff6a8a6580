"""Restore: a home as it was when a backup was made of it.

    look     the backup is whole; the landing and the keys are those that it counts on;
             the register and the warehouse hold nothing yet
    set aside    what landed after the backup: its numbers will be given again
    load     both stores, each in one transaction; the register is committed last
    upgrade  if the backup was made by an earlier version
    compare  the head of the books with the one that the backup names

Nothing is written before all has been looked at. A restore that was killed is run again with
the same backup: `restoring` in the home says that what the stores hold is a part of it.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, text

from tembaga import contract
from tembaga.backup_manifest import (
    DUCKDB_FILE,
    KEYS,
    LANDING,
    MANIFEST,
    REGISTER,
    REGISTER_SCHEMAS,
    VOUCHER_KEY,
    WAREHOUSE,
    WAREHOUSE_SCHEMAS,
    Manifest,
    first_difference,
    read_list,
    read_manifest,
)
from tembaga.dump import drop_tables, filled_table, load_dump
from tembaga.landing import sha256_of, sync_folder
from tembaga.register import known_revisions, open_register
from tembaga.settings import Settings
from tembaga.upgrade import RESTORING, upgrade
from tembaga.warehouse import any_warehouse, has_table, read_any_warehouse, read_warehouse

Say = Callable[[str], None]

SET_ASIDE = "landed_after_the_backup"
SAY_NOTHING_OF = ("public.alembic_version", "raw.contract", "raw.project")


class NotRestoredError(Exception):
    """A backup cannot be restored here; the sentence says why, and that nothing was changed."""


def restore(folder: Path, *, settings: Settings, say: Say) -> Manifest:
    """Bring the register and the warehouse of the settings to what a backup holds.

    The landing and the keys must be there already; they are only looked at.

    Raises:
        NoBackupError: The folder holds no backup that is whole.
        NotRestoredError: What it counts on is missing, or what it would fill is not empty.
        RegisterUnreachableError, WarehouseUnreachableError: There is no answer.
        WarehouseInUseError: Another process has the warehouse open.
    """
    folder = folder.expanduser().absolute()
    manifest = read_manifest(folder)
    _refuse_unfit(manifest, settings)
    _refuse_without(folder, settings, say)
    settings.root.mkdir(parents=True, exist_ok=True)
    mark, this = settings.root / RESTORING, sha256_of(folder / MANIFEST)
    with _register(settings) as register:
        if not mark.exists():
            _refuse_filled(register, settings)
        elif mark.read_text() != this:
            raise NotRestoredError(
                f"The home {settings.root} is being restored from another backup: run that "
                "`tembaga restore` again. Nothing was changed."
            )
        mark.write_text(this)
        _set_aside(manifest, settings, say)
        drop_tables(register, REGISTER_SCHEMAS)
        load_dump(register, folder / REGISTER, tables=manifest.register_tables)
        _fill_warehouse(folder, manifest, settings)
        register.commit()
    mark.unlink()
    upgrade(settings, is_asked=True)
    _compare(manifest, settings)
    return manifest


def _refuse_unfit(manifest: Manifest, settings: Settings) -> None:
    """Refuse a backup of a newer version, or of the other engine."""
    if manifest.revision not in known_revisions() or (manifest.contract or 0) > contract.VERSION:
        raise NotRestoredError(
            f"The backup was made by a newer version (register {manifest.revision}, contract "
            f"{manifest.contract}): restore it with that one. Nothing was changed."
        )
    if manifest.engine != settings.warehouse:
        raise NotRestoredError(
            f"The backup holds a warehouse on {manifest.engine}, and TEMBAGA_WAREHOUSE is "
            f"{settings.warehouse}. Nothing was changed."
        )


def _refuse_without(folder: Path, settings: Settings, say: Say) -> None:
    """Refuse to restore books whose files, or whose voucher key, are not there."""
    if found := first_difference(read_list(folder, LANDING), settings.landing):
        raise NotRestoredError(
            f"The landing is not the one that the backup counts on: {found}. Put the landing "
            f"back to {settings.landing} first; nothing was changed."
        )
    for key in read_list(folder, KEYS):
        path = settings.keys / key.path
        if path.is_file() and sha256_of(path) == key.sha256:
            continue
        if key.path == VOUCHER_KEY:
            raise NotRestoredError(
                f"The key {path} is not the one with the fingerprint {key.sha256}: without it no "
                "voucher is known again. Put the keys back first; nothing was changed."
            )
        say(f"The key {key.path} is not the one of the backup; what it opened is closed to us.")


@contextmanager
def _register(settings: Settings) -> Iterator[Connection]:
    engine = open_register(settings.register_url)
    try:
        with engine.connect() as register:
            yield register
    finally:
        engine.dispose()


def _refuse_filled(register: Connection, settings: Settings) -> None:
    """A restore writes over nothing."""
    found = filled_table(register, REGISTER_SCHEMAS, but=SAY_NOTHING_OF)
    register.rollback()
    if not found:
        with read_any_warehouse(settings) as warehouse:
            found = filled_table(warehouse, WAREHOUSE_SCHEMAS, but=SAY_NOTHING_OF)
    if found:
        raise NotRestoredError(
            f"There is something here already: {found} holds rows. Restore into a new home, or "
            "into empty databases; nothing was changed."
        )


def _set_aside(manifest: Manifest, settings: Settings, say: Say) -> None:
    """Move what landed after the backup out of the landing: its numbers will be given again."""
    to = settings.root / SET_ASIDE
    moved = 0
    for folder in sorted(settings.landing.glob("*/[0-9]*")):
        if folder.name.isdigit() and int(folder.name) > manifest.last_file_no:
            target = to / folder.parent.name
            target.mkdir(parents=True, exist_ok=True)
            shutil.move(folder, target / folder.name)
            moved += 1
    if moved:
        say(
            f"{moved} files landed after the backup and lie in {to} now: let them come once more, "
            "in the order of their numbers."
        )


def _fill_warehouse(folder: Path, manifest: Manifest, settings: Settings) -> None:
    """Bring the warehouse to what the backup holds: all of it, or nothing."""
    if settings.warehouse == "duckdb":
        kept = folder / WAREHOUSE / DUCKDB_FILE
        if kept.exists():
            part = settings.warehouse_file.with_name(f".{DUCKDB_FILE}.part")
            shutil.copyfile(kept, part)
            with part.open("rb") as file:
                os.fsync(file.fileno())
            part.replace(settings.warehouse_file)
            sync_folder(settings.root)
        return
    with any_warehouse(settings) as warehouse:
        drop_tables(warehouse, WAREHOUSE_SCHEMAS)
        if manifest.warehouse_tables:
            load_dump(warehouse, folder / WAREHOUSE, tables=manifest.warehouse_tables)
            warehouse.execute(text("delete from raw.project"))  # dbt makes its views anew.


def _compare(manifest: Manifest, settings: Settings) -> None:
    """Hold the head of the books against the one that the backup names."""
    query = "select head from ledger.batches order by batch_no desc limit 1"
    with read_warehouse(settings) as warehouse:
        has_ledger = has_table(warehouse, "ledger", "batches")
        head = warehouse.scalar(text(query)) if has_ledger else None
    if head != manifest.head:
        raise NotRestoredError(
            f"The restored books have the head {head}, and the backup names {manifest.head}: "
            "do not post; run `tembaga verify`, and restore another backup."
        )
