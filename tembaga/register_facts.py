"""Register facts: what the register knows of files, vouchers, approvals and statements.

The laws of the books lay it beside the ledger, as tables that last as long as the warehouse's
connection. So one query may look at both, wherever the two stores are.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    func,
    select,
    text,
)

from tembaga.landing import folder_of, original, sha256_of
from tembaga.register.tables import approvals, files, statements, voucher_batches, vouchers

ROWS_AT_ONCE = 1000

beside = MetaData()  # Of the register, beside the ledger while it is verified.

register_files = Table(
    "register_files",
    beside,
    Column("file_no", Integer),
    Column("name", String),
    Column("feed", String),
    Column("sha256", String),
    Column("landed_sha256", String, comment="Of the bytes that lie in the landing now."),
    Column("rows_sha256", String),
    Column("landed_rows_sha256", String),
    Column("lines_accepted", BigInteger),
    Column("amount_accepted_e4", BigInteger),
    Column("batch_no", Integer),
    prefixes=["TEMPORARY"],
)

register_vouchers = Table(
    "register_vouchers",
    beside,
    Column("batch_no", Integer),
    Column("merchant", String),
    Column("currency", String),
    Column("vouchers", BigInteger),
    Column("face_minor", BigInteger),
    prefixes=["TEMPORARY"],
)

register_approvals = Table(
    "register_approvals",
    beside,
    Column("approval_no", BigInteger),
    Column("file_no", Integer),
    Column("line_no", Integer),
    Column("maker", String),
    Column("approver", String),
    Column("second_approver", String),
    Column("points", BigInteger),
    Column("advocate", String),
    Column("content_sha256", String),
    Column("found_sha256", String, comment="Of the adjustment as it was loaded."),
    prefixes=["TEMPORARY"],
)

register_statements = Table(
    "register_statements",
    beside,
    Column("statement_no", Integer),
    Column("advocate", String),
    Column("batch_no", Integer),
    Column("account", String),
    Column("points", BigInteger),
    prefixes=["TEMPORARY"],
)


def lay_beside(connection: Connection, register: Connection, landing: Path) -> None:
    """Make the tables and fill them from the register and the landing, as both stand now."""
    beside.drop_all(connection)
    beside.create_all(connection)
    _fill(connection, register_files, _files(register, landing))
    _fill(connection, register_vouchers, _vouchers(register))
    _fill(connection, register_approvals, _approvals(connection, register))
    _fill(connection, register_statements, _statements(register))


def _fill(
    connection: Connection, table: Table, rows: Iterable[RowMapping | dict[str, Any]]
) -> None:
    left = iter(rows)
    while some := list(islice(left, ROWS_AT_ONCE)):
        connection.execute(table.insert().values([dict(row) for row in some]))


def _files(register: Connection, landing: Path) -> Iterator[dict[str, Any]]:
    """The files that were loaded, with the digests of what lies in the landing."""
    loaded = select(files).where(files.c.state == "loaded").order_by(files.c.file_no)
    for file in _streamed(register, loaded):
        folder = folder_of(landing, file["partner"], file["file_no"])
        amount = file["amount_accepted"]
        yield {
            "file_no": file["file_no"],
            "name": f"{file['partner']}/{file['name']}",
            "feed": file["feed"],
            "sha256": file["sha256"],
            "landed_sha256": _digest(
                original(landing, file["partner"], file["file_no"], file["name"])
            ),
            "rows_sha256": file["rows_sha256"],
            "landed_rows_sha256": _digest(folder / "rows.parquet"),
            "lines_accepted": file["lines_accepted"],
            "amount_accepted_e4": None if amount is None else int(amount * 10_000),
            "batch_no": file["batch_no"],
        }


def _digest(path: Path) -> str | None:
    return sha256_of(path) if path.is_file() else None


def _vouchers(register: Connection) -> Iterator[RowMapping]:
    return _streamed(
        register,
        select(
            vouchers.c.batch_no,
            voucher_batches.c.merchant,
            voucher_batches.c.currency,
            func.count().label("vouchers"),
            func.sum(vouchers.c.face_minor).label("face_minor"),
        )
        .join(voucher_batches)
        .where(vouchers.c.batch_no.is_not(None))
        .group_by(vouchers.c.batch_no, voucher_batches.c.merchant, voucher_batches.c.currency),
    )


def _approvals(connection: Connection, register: Connection) -> Iterator[dict[str, Any]]:
    """The approvals, each with the digest of the adjustment that bears its number."""
    loaded = {
        row.approval_no: [row.advocate, row.points, row.adjusted_on]
        for row in connection.execute(
            text("select approval_no, advocate, points, adjusted_on from raw.adjustments")
        )
    }
    for row in _streamed(register, select(approvals)):
        approval = {name: row[name] for name in row if name in register_approvals.c}
        words = [row["reason"], row["maker"], row["approver"], row["second_approver"]]
        adjusted = loaded.get(row["approval_no"])
        if adjusted:
            content = "\x1f".join("" if word is None else str(word) for word in adjusted + words)
            approval["found_sha256"] = sha256(content.encode()).hexdigest()
        yield {"found_sha256": None} | approval


def _statements(register: Connection) -> Iterator[dict[str, Any]]:
    """What each statement closes with, account by account."""
    columns = (statements.c[name] for name in ("statement_no", "advocate", "batch_no", "closing"))
    for statement in _streamed(register, select(*columns)):
        for account, points in statement["closing"].items():
            yield {
                "statement_no": statement["statement_no"],
                "advocate": statement["advocate"],
                "batch_no": statement["batch_no"],
                "account": account,
                "points": points,
            }


def _streamed(register: Connection, query: Any) -> Iterator[RowMapping]:
    options = {"stream_results": True, "yield_per": ROWS_AT_ONCE}
    yield from register.execute(query, execution_options=options).mappings()
