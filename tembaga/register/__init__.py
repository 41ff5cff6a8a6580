"""The register: what became of each file, batch, voucher and statement, row by row.

PostgreSQL everywhere; embedded, it is the server that comes in a wheel.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from tembaga.database import no_answer

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 7_214_001  # Any number that no other advisory lock of ours has.


class RegisterUnreachableError(Exception):
    """The register's PostgreSQL does not answer; the sentence says where it was looked for."""


class RegisterVersionError(Exception):
    """The register is not at the revision of this program; the sentence says what to do."""


def open_register(url: str | None) -> Engine:
    """Connect to the register at `url`; it must have been migrated.

    Raises:
        RegisterUnreachableError: There is no address, or nobody answers there.
    """
    if not url:
        raise RegisterUnreachableError(
            "The register has no address. Set TEMBAGA_REGISTER_URL, "
            "or start the embedded services with `tembaga up`."
        )
    engine = create_engine(url, pool_pre_ping=True)
    try:
        with engine.connect() as connection:
            connection.execute(text("select 1"))
    except OperationalError as error:
        raise RegisterUnreachableError(
            no_answer("register", engine.url, error, setting="TEMBAGA_REGISTER_URL")
        ) from error
    return engine


def found_revision(engine: Engine) -> str | None:
    """The revision at which the register is; None if it has no tables yet."""
    with engine.connect() as connection:
        if connection.scalar(text("select to_regclass('alembic_version')")) is None:
            return None
        found = connection.execute(text("select version_num from alembic_version"))
        return str(found.scalar_one())


def known_revisions() -> list[str]:
    """The revisions that this program knows, from the first to the present one."""
    return sorted(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def refuse_newer(engine: Engine) -> None:
    """Refuse a register that a newer program has migrated.

    Raises:
        RegisterVersionError: It is one.
    """
    found = found_revision(engine)
    if found is not None and found not in known_revisions():
        raise RegisterVersionError(
            f"The register at {_shown(engine)} is at revision {found}, and this version of "
            f"Tembaga knows {known_revisions()[-1]}: a newer version has migrated it. "
            "Run that one; nothing was changed."
        )


def require(engine: Engine) -> None:
    """Refuse a register that is not at the revision of this program.

    Raises:
        RegisterVersionError: It is at an older one, or a newer one, or has no tables.
    """
    refuse_newer(engine)
    found, present = found_revision(engine), known_revisions()[-1]
    if found != present:
        raise RegisterVersionError(
            f"The register at {_shown(engine)} is "
            f"{f'at revision {found}' if found else 'empty'}, and this version of Tembaga needs "
            f"{present}: run `tembaga migrate` first. Nothing was changed."
        )


def migrate(engine: Engine) -> None:
    """Bring the register to the present schema. A second call changes nothing.

    Raises:
        RegisterVersionError: It is of a newer version; nothing was changed.
    """
    refuse_newer(engine)
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        command.upgrade(alembic_config(connection), "head")


def _shown(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)


def alembic_config(connection: Connection) -> Config:
    """Alembic's settings for migrations over `connection`."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
