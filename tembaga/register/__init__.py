"""The register: what became of each file, batch, voucher and statement, row by row.

PostgreSQL everywhere; embedded, it is the server that comes in a wheel.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 7_214_001  # Any number that no other advisory lock of ours has.


class RegisterUnreachableError(Exception):
    """The register's PostgreSQL does not answer; the sentence says where it was looked for."""


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
        where = engine.url.render_as_string(hide_password=True)
        raise RegisterUnreachableError(
            f"The register at {where} does not answer. Is its PostgreSQL running?"
        ) from error
    return engine


def migrate(engine: Engine) -> None:
    """Bring the register to the present schema. A second call changes nothing."""
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection) -> Config:
    """Alembic's settings for migrations over `connection`."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
