"""Paper rows: a paper's lines as a Parquet file beside it, and from there in the warehouse.

The file is part of the landing: a replay loads it again, byte for byte what was loaded first.
The rows of partners' plain feeds lie and are loaded in the same way.
"""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import BigInteger, Connection, Date, Integer, String, Table, text

from tembaga import parquet, warehouse
from tembaga.landing import workspace
from tembaga.reading import quoted

TABLES: dict[str, Table] = {
    "requests": warehouse.requests,
    "cancellations": warehouse.cancellations,
    "adjustments": warehouse.adjustments,
    "opening_balances": warehouse.opening_balances,
    "merges": warehouse.merges,
    "reversals": warehouse.reversals,
    "releases": warehouse.releases,
    "claims": warehouse.claims,
    "payments": warehouse.payments,
    "outlets": warehouse.outlets,
    "advocates": warehouse.advocates,
    "voucher_status": warehouse.voucher_status,
    "products": warehouse.partner_products,
    "activities": warehouse.activities,
}
# Rows that stand in a second table, too, and which of them.
ALSO: dict[str, tuple[Table, str]] = {
    "voucher_status": (warehouse.cancellations, "status = 'rejected'"),
}
_TYPES = ((BigInteger, "bigint"), (Integer, "integer"), (Date, "date"), (String, "varchar"))


def write_rows(feed: str, rows: Iterable[Mapping[str, Any]], path: Path) -> None:
    """Write the rows of a paper to `path`, by one process at a time: all of them, or nothing."""
    table = TABLES[feed]
    names = [column.name for column in table.columns]
    with workspace(path.parent, "rows") as folder:
        plain, made = folder / "rows.csv", folder / "rows.parquet"
        with plain.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerows([row[name] for name in names] for row in rows)
        types = ", ".join(f"{quoted(c.name)}: {quoted(_type(c.type))}" for c in table.columns)
        with duckdb.connect() as connection:
            connection.execute(
                f"copy (from read_csv({quoted(str(plain))}, columns = {{{types}}}, "
                "auto_detect = false, header = false, delim = ',', quote = '\"', "
                f"escape = '\"', nullstr = '', parallel = false)) "
                f"to {quoted(str(made))} (format parquet)"
            )
        made.replace(path)


def load_paper(connection: Connection, feed: str, file_no: int, path: Path) -> None:
    """Make the rows at `path` those of the file in its raw table; a second call changes nothing.

    Lines of which `findings.parquet` beside it tells did not hold when they were loaded.
    """
    unload_paper(connection, feed, file_no)
    holds = "true"
    if (found := path.with_name("findings.parquet")).exists():
        holds = f"line_no not in (select line_no from {parquet.read([found])})"
    for table, which in _tables(feed):
        names = ", ".join(column.name for column in table.columns)
        rows = f"select {names} from {parquet.read([path])} where {which} and {holds}"
        parquet.read_into(connection, "loading_paper", rows)
        connection.execute(text(f"insert into {table} ({names}) select {names} from loading_paper"))


def unload_paper(connection: Connection, feed: str, file_no: int) -> None:
    """Take the rows of a file out of its raw table, if they are there."""
    for table, _ in _tables(feed):
        connection.execute(table.delete().where(table.c.file_no == file_no))


def _tables(feed: str) -> list[tuple[Table, str]]:
    """The raw tables of a feed, and which of its rows go there."""
    return [(TABLES[feed], "true"), *([ALSO[feed]] if feed in ALSO else [])]


def _type(of_column: object) -> str:
    return next(name for kind, name in _TYPES if isinstance(of_column, kind))
