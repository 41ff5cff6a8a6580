"""Upgrade: bring the register and the warehouse to what this version of the program needs.

    look       neither store may be of a newer version: then nothing at all is changed
    register   Alembic's migrations, in one transaction
    warehouse  the steps of its contract, each in one transaction; then dbt's tables and views

It may be killed at any instant and run again: what was committed is not done twice.
"""

import logging
from collections.abc import Callable

from sqlalchemy import Engine, text

from tembaga import contract, dbt
from tembaga.contract.steps import STEPS, refuse_too_old
from tembaga.register import migrate, open_register, refuse_newer
from tembaga.rest import books_at_rest
from tembaga.settings import Settings
from tembaga.warehouse import (
    WarehouseInUseError,
    any_warehouse,
    has_table,
    read_any_warehouse,
    shown_address,
)

log = logging.getLogger(__name__)

Say = Callable[[str], None]


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
