"""The warehouse: rows, ledger and marts, on DuckDB (one file) or on PostgreSQL.

This module describes the raw tables, which `load` and `post` fill and dbt reads as sources.
All other tables are dbt models. What is written here runs on both engines as it stands.

There is one writer at a time. A DuckDB file has no more by itself, and while it is written
nobody else reads. On PostgreSQL a writer takes an advisory lock of the warehouse's database,
and readers see what was there when they began. So only tasks in the Airflow pool `warehouse`
write, and a second writer is turned away rather than kept waiting.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from pydantic import ByteSize, TypeAdapter
from sqlalchemy import (
    URL,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    Engine,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from tembaga import contract
from tembaga.database import no_answer
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
    Column("outcome", String, nullable=False, comment="accepted, duplicate, held or rejected"),
    Column("code", String, comment="Why it was not accepted."),
    Column("unit", String, comment="The unit of the quantity; null: the product's sales unit."),
    Column("tax_basis", String, comment="Whether the amount is net or gross of VAT; null: net."),
    Column("action", String, comment="null, or replace or void: it corrects an earlier line."),
    Column("version", Integer, comment="Of the line; null: 1."),
    Column("second_advocate", String, comment="Who shares its points; null: nobody (S13)."),
)

# DuckDB finds rows quickly without; on PostgreSQL, loading and posting look lines up by these.
for name, columns, is_unique in (
    ("sales_line", (sales.c.file_no, sales.c.line_no), True),
    ("sales_line_key", (sales.c.line_key,), False),
    ("sales_sold", (sales.c.advocate, sales.c.sku), False),
):
    Index(name, *columns, unique=is_unique).ddl_if(dialect="postgresql")

# A line that replaces or voids an earlier one, and that one (S13).
replacements = Table(
    "replacements",
    raw,
    Column("file_no", Integer, nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("replaces_file_no", Integer, nullable=False),
    Column("replaces_line_no", Integer, nullable=False),
)

# A line that had been held, and the file that brought it again: its last uptake, and its batch's.
uptakes = Table(
    "uptakes",
    raw,
    Column("file_no", Integer, nullable=False, comment="The uptake."),
    Column("of_file_no", Integer, nullable=False),
    Column("of_line_no", Integer, nullable=False),
)

# Whom partners have enrolled, line by line. What persons are called and where they are reached
# stands in the register and in the landing alone, so that it can be forgotten there.
outlets = Table(
    "outlets",
    raw,
    Column("file_no", Integer, nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("partner_no", Integer, nullable=False),
    Column("outlet", String, nullable=False),
    Column("city", String, nullable=False),
    Column("province", String, nullable=False),
)

advocates = Table(
    "advocates",
    raw,
    Column("file_no", Integer, nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("partner_no", Integer, nullable=False),
    Column("advocate", String, nullable=False),
    Column("action", String, nullable=False, comment="join, change or leave"),
    Column("action_on", Date, nullable=False),
    Column("outlet", String, comment="null: as it was."),
    Column("consent_on", Date),
    Column("consent_wording", String),
    Column("consent_proof", String),
)

# What partners call our products.
partner_products = Table(
    "partner_products",
    raw,
    Column("file_no", Integer, nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("partner_no", Integer, nullable=False),
    Column("product", String, nullable=False, comment="The partner's code."),
    Column("sku", String, nullable=False, comment="Ours."),
    Column("valid_from", Date, nullable=False),
)

# What advocates did beside selling. Where the proof of it lies stands in the landing alone.
activities = Table(
    "activities",
    raw,
    Column("file_no", Integer, nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("partner_no", Integer, nullable=False),
    Column("activity_id", String, nullable=False, comment="Unique: the partner's name/its own."),
    Column("advocate", String, nullable=False),
    Column("activity", String, nullable=False, comment="planogram_photo, training or referral"),
    Column("done_on", Date, nullable=False),
    Column("outlet", String),
    Column("referred_advocate", String, comment="Of a referral: who was won."),
)

# What merchants say of vouchers. Of a rejected one there is a cancellation, too (S9).
voucher_status = Table(
    "voucher_status",
    raw,
    Column("file_no", Integer, nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("partner_no", Integer, nullable=False),
    Column("request_no", BigInteger, nullable=False),
    Column("status", String, nullable=False, comment="fulfilled, rejected or used"),
    Column("status_on", Date, nullable=False),
    Column("reason", String),
)

# What the office has written down, line by line; each table is a feed (tembaga/papers.py).
requests = Table(
    "requests",
    raw,
    Column("file_no", Integer, nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("request_id", String, nullable=False, comment="Unique; a partner's: its name/its own."),
    Column("advocate", String, nullable=False),
    Column("reward", String, nullable=False),
    Column("requested_at", String, nullable=False, comment="UTC, as 2026-03-01T10:00:00Z."),
    Column("requested_on", Date, nullable=False, comment="Its day where the programme runs."),
)

cancellations = Table(
    "cancellations",
    raw,
    Column("file_no", Integer, nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("request_no", BigInteger, nullable=False),
    Column("points", BigInteger, comment="null: all that is left of it."),
    Column("cause", String, nullable=False, comment="member or merchant_fault (S9)"),
    Column("cancelled_on", Date, nullable=False),
)

adjustments = Table(
    "adjustments",
    raw,
    Column("file_no", Integer, nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("approval_no", BigInteger, nullable=False),
    Column("advocate", String, nullable=False),
    Column("points", BigInteger, nullable=False, comment="Signed; never zero."),
    Column("adjusted_on", Date, nullable=False),
)

opening_balances = Table(
    "opening_balances",
    raw,
    Column("file_no", Integer, nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("advocate", String, nullable=False),
    Column("points", BigInteger, nullable=False, comment="Signed; negative: arrears."),
    Column("earned_on", Date, nullable=False),
    Column("expires_on", Date),
)

merges = Table(
    "merges",
    raw,
    Column("file_no", Integer, nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("advocate", String, nullable=False),
    Column("into_advocate", String, nullable=False),
)

reversals = Table(
    "reversals",
    raw,
    Column("file_no", Integer, nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("batch_no", Integer, nullable=False, comment="The batch to take back as a whole."),
)

releases = Table(
    "releases",
    raw,
    Column("file_no", Integer, nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("of_file_no", Integer, nullable=False, comment="The file of the line that waits."),
    Column("of_line_no", Integer, nullable=False),
    Column("decision", String, nullable=False, comment="release or reject"),
)

claims = Table(
    "claims",
    raw,
    Column("file_no", Integer, nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("merchant", String, nullable=False),
    Column("request_no", BigInteger, comment="Whose voucher it is; null: the code is not ours."),
    Column("used_on", Date, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("received_on", Date, nullable=False, comment="When the paper came."),
)

payments = Table(
    "payments",
    raw,
    Column("file_no", Integer, nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("merchant", String, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("discount_minor", BigInteger, nullable=False, comment="0: none was granted."),
    Column("paid_on", Date, nullable=False),
    Column("reference", String, nullable=False, comment="As the bank calls it; unique."),
)

batch = Table(
    "batch",
    raw,
    Column("batch_no", Integer, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("manifest_sha256", String, nullable=False),
    Column("rulepack_sha256", String, nullable=False),
    Column("kind", String, comment="null or day; or opening_balances, merges, reversals"),
    Column("open_from", Date, comment="The first day of the open period; null: none was closed."),
)

batch_files = Table("batch_files", raw, Column("file_no", Integer, nullable=False))

# The version of what this module describes; see tembaga/contract.
versions_of_contract = Table("contract", raw, Column("version", Integer, nullable=False))

# Which dbt project made the lasting tables; see `prepare` in tembaga/dbt.py.
project = Table("project", raw, Column("sha256", String, nullable=False))

programme = Table(
    "programme",
    raw,
    Column("currency", String, nullable=False),
    Column("pending_days", Integer, nullable=False),
    Column("expiry_months", Integer, nullable=False),
    Column("expiry_round_up", String, nullable=False),
    Column("expiry_lag_days", Integer, comment="Expiry waits so long for late requests (S7)."),
    Column("match_days", Integer, comment="How far back a return looks for its sale (S11)."),
    Column("rounding", String, comment="line, document or month (S1)"),
    Column("clawback", String, comment="arrears, within_balance or own_lot_only (S10)"),
    Column("arrears_limit", BigInteger, comment="What is owed beyond it is a loss; null: none."),
    Column("write_off_days", Integer, comment="Arrears that rest so long are written off."),
    Column("grace_days", Integer, comment="Life of points that a merchant's fault gives back."),
    Column("claim_grace_days", Integer, comment="For claims; null: 30, and no breakage is booked."),
)

# The private cap of a campaign (S4); no row, no cap.
caps = Table(
    "caps",
    raw,
    Column("campaign_no", Integer, nullable=False),
    Column("period", String, nullable=False, comment="month, quarter or year"),
    Column("points", BigInteger, nullable=False),
)

# Days on which neither VAT nor a unit of measure changes (S20). All days are in it.
taxes = Table(
    "taxes",
    raw,
    Column("tax_no", Integer, nullable=False, comment="Its first day, as 20260131, or 0."),
    Column("from_on", Date, nullable=False),
    Column("until_on", Date, nullable=False),
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
    Column("first_share", BigInteger, nullable=False, comment="Of two who claim together (S13)."),
    Column("second_share", BigInteger, nullable=False, comment="0: there is no split."),
    Column("share_divisor", BigInteger, nullable=False, comment="So many parts are the whole."),
)

# A row for each way in which a line can be measured (tembaga/rulepack/rates.py); null: any.
rates = Table(
    "rates",
    raw,
    Column("campaign_no", Integer, nullable=False),
    Column("version_no", Integer, nullable=False),
    Column("sku", String),
    Column("product_group", String),
    Column("precedence", SmallInteger, nullable=False, comment="1 sku, 2 group, 3 any"),
    Column("unit", String, comment="Of the line's quantity; empty: as it is sold."),
    Column("tax_basis", String, comment="Of the line's amount: net or gross of VAT."),
    Column("from_on", Date, nullable=False),
    Column("until_on", Date, nullable=False),
    Column("measure", String, nullable=False, comment="amount or quantity"),
    Column("multiplier", BigInteger, nullable=False),
    Column("include_free_goods", Boolean, nullable=False),
)

# What points of an age are expected to cost (tembaga/rulepack/valuation.py); no row, no valuation.
cohorts = Table(
    "cohorts",
    raw,
    Column("from_on", Date, nullable=False, comment="Of the version of the valuation."),
    Column("until_on", Date, nullable=False),
    Column("beneficiary", String, nullable=False, comment="purchaser, advocate or consumer"),
    Column("cohort_no", SmallInteger, nullable=False),
    Column("from_months", Integer, nullable=False, comment="Whole months since it was earned."),
    Column("until_months", Integer, comment="Below it; null: of any age."),
    Column("cost", BigInteger, nullable=False, comment="Of a point, in parts of a minor unit."),
    Column("expected", BigInteger, nullable=False, comment="Of that; in the same parts."),
    Column("divisor", BigInteger, nullable=False, comment="So many parts make a minor unit."),
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


WRITING_LOCK = 7_214_020  # Advisory locks of the warehouse's database; nobody else has them.
PUBLISHING_LOCK = 7_214_021  # Held by the macro `publish` itself, see dbt/macros/engine/locks.sql.

_claimed: ContextVar[frozenset[URL]] = ContextVar("claimed warehouses", default=frozenset())


class WarehouseInUseError(Exception):
    """Another process has the warehouse open; the sentence says what to do."""


class WarehouseUnreachableError(Exception):
    """The warehouse's PostgreSQL does not answer; the sentence says where it was looked for."""


def is_locked(error: BaseException) -> bool:
    """Whether an error says that another process has the warehouse open."""
    return "Could not set lock" in str(error)


def in_use(settings: Settings) -> WarehouseInUseError:
    """The error to raise then."""
    where = address(settings)
    return WarehouseInUseError(
        f"The warehouse {_shown(where)} is in use by another process. "
        "Wait for it to end, or stop it, and run this again; nothing was changed."
    )


def address(settings: Settings) -> URL:
    """Where the warehouse is.

    Raises:
        WarehouseUnreachableError: It is to be on PostgreSQL, and no address is set.
    """
    if settings.warehouse == "duckdb":
        return URL.create("duckdb", database=str(settings.warehouse_file))
    if not settings.warehouse_url:
        raise WarehouseUnreachableError(
            "The warehouse has no address. Set TEMBAGA_WAREHOUSE_URL, "
            "or start the embedded services with `tembaga up`."
        )
    return make_url(settings.warehouse_url).set(drivername="postgresql+psycopg2")


def shown_address(settings: Settings) -> str:
    """Where the warehouse is, without a password."""
    return _shown(address(settings))


@contextmanager
def open_warehouse(settings: Settings) -> Iterator[Connection]:
    """Open the warehouse for one transaction: all of it is committed at the end, or nothing.

    The raw tables are made where they are missing.

    Raises:
        ContractError: It is of another version than this program.
        WarehouseInUseError: Another process is writing to it.
        WarehouseUnreachableError: Its PostgreSQL does not answer.
    """
    with any_warehouse(settings) as connection:
        contract.require(connection, shown_address(settings))
        if contract.found_version(connection) is None:
            raw.create_all(connection)
            connection.execute(versions_of_contract.insert(), {"version": contract.VERSION})
        else:
            raw.create_all(connection)
        yield connection


@contextmanager
def any_warehouse(settings: Settings) -> Iterator[Connection]:
    """Open a warehouse of any version for one transaction, as `open_warehouse` does."""
    settings.root.mkdir(parents=True, exist_ok=True)
    where = address(settings)
    engine = create_engine(where, poolclass=NullPool)
    with _connected(settings, engine) as connection, connection.begin():
        if settings.warehouse == "postgres" and where not in _claimed.get():
            _turn_away_others(connection, settings, lock="pg_try_advisory_xact_lock")
        connection.execute(text("create schema if not exists raw"))
        yield connection


@contextmanager
def read_warehouse(settings: Settings) -> Iterator[Connection]:
    """Open the warehouse for reading, as it stands at this moment.

    A warehouse that is not there yet is read as an empty one.

    Raises:
        ContractError: It is of another version than this program.
        WarehouseInUseError: Another process is writing to it, and its engine lets nobody read.
        WarehouseUnreachableError: Its PostgreSQL does not answer.
    """
    with read_any_warehouse(settings) as connection:
        contract.require(connection, shown_address(settings))
        yield connection


@contextmanager
def read_any_warehouse(settings: Settings) -> Iterator[Connection]:
    """Open a warehouse of any version for reading, as `read_warehouse` does."""
    where = address(settings)
    if settings.warehouse == "postgres":
        snapshot = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        engine = create_engine(where, poolclass=NullPool, execution_options=snapshot)
    elif settings.warehouse_file.exists():
        engine = create_engine(where, poolclass=NullPool, connect_args={"read_only": True})
    else:
        engine = create_engine("duckdb:///:memory:", poolclass=NullPool)
    with _connected(settings, engine) as connection:
        yield connection


@contextmanager
def claim_warehouse(settings: Settings) -> Iterator[None]:
    """Keep other writers out for as long as this lasts, whatever is opened and closed meanwhile.

    Within it, this process opens the warehouse as often as it likes. On PostgreSQL the claim
    ends with the process. DuckDB knows no claim: there, each opening keeps the others out.

    Raises:
        WarehouseInUseError: Another process is writing to it.
        WarehouseUnreachableError: Its PostgreSQL does not answer.
    """
    where = address(settings)
    if settings.warehouse == "duckdb" or where in _claimed.get():
        yield
        return
    engine = create_engine(where, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with _connected(settings, engine) as connection:
        _turn_away_others(connection, settings, lock="pg_try_advisory_lock")
        before = _claimed.set(_claimed.get() | {where})
        try:
            yield
        finally:
            _claimed.reset(before)


@contextmanager
def _connected(settings: Settings, engine: Engine) -> Iterator[Connection]:
    try:
        with _connect(settings, engine) as connection:
            yield connection
    except DBAPIError as error:
        if is_locked(error):
            raise in_use(settings) from error
        raise
    finally:
        engine.dispose()


def _connect(settings: Settings, engine: Engine) -> Connection:
    if settings.warehouse == "duckdb":
        # Not as an option of the connection: DuckDB refuses a second one with other options.
        options = (
            f"set memory_limit = '{settings.warehouse_memory}'; set enable_progress_bar = false"
        )
        event.listen(engine, "connect", lambda connection, _: connection.execute(options))
    try:
        return engine.connect()
    except OperationalError as error:
        if settings.warehouse == "duckdb":
            raise
        raise WarehouseUnreachableError(
            no_answer("warehouse", engine.url, error, setting="TEMBAGA_WAREHOUSE_URL")
        ) from error


def confine(connection: Connection, settings: Settings, *, share: float) -> None:
    """Let DuckDB use only a share of its memory from here on, for a step that can do with it.

    PostgreSQL has its own limits.
    """
    if connection.dialect.name == "duckdb":
        whole = TypeAdapter(ByteSize).validate_python(settings.warehouse_memory)
        connection.execute(text(f"set memory_limit = '{round(whole * share)} B'"))


def _turn_away_others(connection: Connection, settings: Settings, *, lock: str) -> None:
    """Take the lock of writing.

    A process that was killed while it published may have left its server publishing still,
    so the lock that this transaction holds must be free too.
    """
    publishing = f"pg_try_advisory_xact_lock({PUBLISHING_LOCK})"
    if not connection.scalar(text(f"select {lock}({WRITING_LOCK}) and {publishing}")):
        raise in_use(settings)


def _shown(where: URL) -> str:
    if where.drivername == "duckdb":
        return str(where.database)
    return where.render_as_string(hide_password=True)


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


def make_scratch(warehouse: Connection, table: str, what: str) -> None:
    """Make a table that ends with this connection, anew; `what` is its columns or a query."""
    warehouse.execute(text(f"drop table if exists {table}"))
    warehouse.execute(text(f"create temporary table {table} {what}"))
    if what.startswith("as "):
        warehouse.execute(text(f"analyze {table}"))


def replace_rows(connection: Connection, table: Table, rows: list[dict[str, object]]) -> None:
    """Make `rows` the only rows of `table`."""
    connection.execute(table.delete())
    if rows:
        connection.execute(table.insert(), rows)


def take_stock(connection: Connection) -> None:
    """Let PostgreSQL look at how much is in the raw tables now.

    Until it has looked it takes one row for thousands, and a join that takes a second for hours.
    """
    if connection.dialect.name == "postgresql":
        for table in raw.sorted_tables:
            connection.execute(text(f"analyze {table}"))
