"""The warehouse: rows, ledger and marts. Embedded, it is one DuckDB file.

This module describes the raw tables, which `load` and `post` fill and dbt reads as sources.
All other tables are dbt models.

Only tasks in the Airflow pool `warehouse` open it for writing: a DuckDB file has one writer,
and while it writes nobody else reads.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Date,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    create_engine,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from tembaga.settings import Settings

raw = MetaData(schema="raw")

sales = Table(
    "sales",
    raw,
    Column("file_no", Integer, nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("partner_no", Integer, nullable=False),
    Column("document", String, nullable=False),
    Column("document_date", Date, nullable=False),
    Column("line_ref", String, nullable=False),
    Column("advocate", String, nullable=False),
    Column("outlet", String, nullable=False),
    Column("sku", String, nullable=False),
    Column("quantity_e4", BigInteger, nullable=False),
    Column("amount_e4", BigInteger, nullable=False),
    Column("currency", String, nullable=False),
    Column("returns_document", String),
    Column("line_key", BigInteger, nullable=False),
    Column("content_key", BigInteger, nullable=False),
    Column("outcome", String, nullable=False, comment="accepted, duplicate or held"),
    Column("code", String, comment="Why it was not accepted."),
    Column("rated_document", String, comment="The document whose points it changes."),
    Column("rated_document_date", Date),
)

batch = Table(
    "batch",
    raw,
    Column("batch_no", Integer, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("manifest_sha256", String, nullable=False),
    Column("rulepack_sha256", String, nullable=False),
)

batch_files = Table("batch_files", raw, Column("file_no", Integer, nullable=False))

programme = Table(
    "programme",
    raw,
    Column("currency", String, nullable=False),
    Column("pending_days", Integer, nullable=False),
    Column("expiry_months", Integer, nullable=False),
    Column("expiry_round_up", String, nullable=False),
)

partners = Table(
    "partners",
    raw,
    Column("partner_no", Integer, nullable=False),
    Column("partner", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("name", String, nullable=False),
)

products = Table(
    "products",
    raw,
    Column("sku", String, nullable=False),
    Column("name", String, nullable=False),
    Column("product_group", String, nullable=False),
)

versions = Table(
    "versions",
    raw,
    Column("campaign_no", Integer, nullable=False),
    Column("version_no", Integer, nullable=False),
    Column("from_on", Date, nullable=False),
    Column("until_on", Date, nullable=False),
    Column("divisor", BigInteger, nullable=False),
)

rates = Table(
    "rates",
    raw,
    Column("campaign_no", Integer, nullable=False),
    Column("version_no", Integer, nullable=False),
    Column("sku", String),
    Column("product_group", String),
    Column("precedence", SmallInteger, nullable=False, comment="1 sku, 2 group, 3 any"),
    Column("measure", String, nullable=False, comment="amount or quantity"),
    Column("multiplier", BigInteger, nullable=False),
)

rewards = Table(
    "rewards",
    raw,
    Column("reward", String, nullable=False),
    Column("partner_no", Integer, nullable=False),
    Column("name_id", String, nullable=False),
    Column("name_en", String, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("face_minor", BigInteger, nullable=False),
    Column("currency", String, nullable=False),
    Column("usable_days", Integer, nullable=False),
    Column("deliver_to", String, nullable=False),
)

standing_orders = Table(
    "standing_orders",
    raw,
    Column("advocate", String, nullable=False),
    Column("reward", String, nullable=False),
)

issued_requests = Table("issued_requests", raw, Column("request_no", BigInteger, nullable=False))


class WarehouseInUseError(Exception):
    """Another process has the warehouse open; the sentence says what to do."""


def is_locked(error: BaseException) -> bool:
    """Whether an error says that another process has the warehouse open."""
    return "Could not set lock" in str(error)


def in_use(warehouse: Path) -> WarehouseInUseError:
    """The error to raise then."""
    return WarehouseInUseError(
        f"The warehouse {warehouse} is in use by another process. "
        "Wait for it to end, or stop it, and run this again; nothing was changed."
    )


@contextmanager
def open_warehouse(settings: Settings) -> Iterator[Connection]:
    """Open the warehouse for one transaction: all of it is committed at the end, or nothing.

    The raw tables are made where they are missing.

    Raises:
        WarehouseInUseError: Another process has it open.
    """
    settings.root.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"duckdb:///{settings.warehouse}", poolclass=NullPool)
    try:
        with engine.begin() as connection:
            connection.execute(text("create schema if not exists raw"))
            raw.create_all(connection)
            yield connection
    except DBAPIError as error:
        if is_locked(error):
            raise in_use(settings.warehouse) from error
        raise
    finally:
        engine.dispose()


def has_table(connection: Connection, schema: str, table: str) -> bool:
    """Whether the warehouse has this table or view already."""
    found = connection.execute(
        text(
            "select count(*) from information_schema.tables "
            "where table_schema = :schema and table_name = :table"
        ),
        {"schema": schema, "table": table},
    )
    return bool(found.scalar_one())


def replace_rows(connection: Connection, table: Table, rows: list[dict[str, object]]) -> None:
    """Make `rows` the only rows of `table`."""
    connection.execute(table.delete())
    if rows:
        connection.execute(table.insert(), rows)
