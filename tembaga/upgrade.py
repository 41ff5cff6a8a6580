"""Upgrade: bring the register and the warehouse to what this version of the program needs.

    look       neither store may be of a newer version: then nothing at all is changed
    register   Alembic's migrations, in one transaction
    warehouse  the steps of its contract, each in one transaction; then dbt's tables and views

It may be killed at any instant and run again: what was committed is not done twice.
"""

import logging
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import Engine, text

from tembaga import contract, dbt
from tembaga.contract.steps import STEPS, refuse_too_old
from tembaga.register import migrate, open_register, refuse_newer, require
from tembaga.rest import books_at_rest
from tembaga.settings import Settings
from tembaga.warehouse import (
    WarehouseInUseError,
    any_warehouse,
    has_table,
    read_any_warehouse,
    read_warehouse,
    shown_address,
)

log = logging.getLogger(__name__)

RESTORING = "restoring"  # In the home, for as long as a restore is not finished.

Say = Callable[[str], None]


class HalfRestoredError(Exception):
    """A restore was not finished; the sentence says how to finish it."""


def upgrade(settings: Settings, *, is_asked: bool = False, say: Say = log.info) -> None:
    """Upgrade both stores; a second call changes nothing.

    A warehouse that another process uses just now is left as it is, unless the upgrade is what
    was asked for: whoever opens it looks at its version again.

    Raises:
        RegisterVersionError: The register is of a newer version; nothing was changed.
        ContractError: The warehouse is of a newer version, or too old; nothing was changed.
        RegisterUnreachableError, WarehouseUnreachableError: There is no answer.
        WarehouseInUseError: Another process uses it, and the upgrade was asked for.
        BatchInProgressError: The warehouse has to be upgraded, and somebody is posting.
    """
    engine = open_register(settings.register_url)
    try:
        refuse_half_restored(settings)
        refuse_newer(engine)
        found = _contract(settings, is_asked=is_asked)
        migrate(engine)
        is_behind = found is not None and found < contract.VERSION
        if is_behind:
            with books_at_rest(engine, settings):
                _take_steps(settings, say)
        if is_behind or is_asked:
            _bring_dbts_tables(engine, settings)
    finally:
        engine.dispose()


def check(settings: Settings) -> None:
    """Look whether what is about to start may work on both stores; nothing is changed.

    Raises:
        RegisterVersionError, ContractError: A store is not of this version.
        RegisterUnreachableError, WarehouseUnreachableError: There is no answer.
        HalfRestoredError: A restore was not finished.
    """
    engine = open_register(settings.register_url)
    try:
        refuse_half_restored(settings)
        require(engine)
        with suppress(WarehouseInUseError), read_warehouse(settings):
            pass
    finally:
        engine.dispose()


def refuse_half_restored(settings: Settings) -> None:
    """Refuse to work on what a restore has not finished.

    Raises:
        HalfRestoredError: It has not.
    """
    if (settings.root / RESTORING).exists():
        raise HalfRestoredError(
            f"The home {settings.root} is being restored from a backup, or that was stopped: let "
            "it end, or run `tembaga restore` with the same backup again."
        )


def _contract(settings: Settings, *, is_asked: bool) -> int | None:
    try:
        with read_any_warehouse(settings) as connection:
            shown = shown_address(settings)
            contract.refuse_newer(connection, shown)
            refuse_too_old(connection, shown)
            return contract.found_version(connection)
    except WarehouseInUseError:
        if is_asked:
            raise
        return None


def _take_steps(settings: Settings, say: Say) -> None:
    """Take each step that is missing, and note its version, in a transaction of its own."""
    for version, step in sorted(STEPS.items()):
        with any_warehouse(settings) as connection:
            if (contract.found_version(connection) or 0) >= version:
                continue
            step(connection)
            for statement in (
                "create table if not exists raw.contract (version integer not null)",
                "delete from raw.contract",
                f"insert into raw.contract values ({version})",
            ):
                connection.execute(text(statement))
        say(f"The warehouse has contract {version} now.")


def _bring_dbts_tables(engine: Engine, settings: Settings) -> None:
    """Make what dbt keeps from batch to batch as this version has it, if there is a ledger."""
    with read_any_warehouse(settings) as connection:
        has_ledger = has_table(connection, "ledger", "batches")
    if has_ledger:
        with books_at_rest(engine, settings):
            dbt.prepare(settings)
