"""Parquet files of the landing, read into the warehouse and written from it.

DuckDB reads and writes them on either engine: in the warehouse itself if that is its engine,
else beside it, in memory. To and from PostgreSQL the rows go by COPY, through a file, so that
memory does not grow with them.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import Connection, text

from tembaga.reading import quoted
from tembaga.small_files import kept_duckdb
from tembaga.warehouse import make_scratch

CSV = "(format csv, header false)"
PARQUET = "(format parquet)"
MEMORY_LIMIT = "500MB"  # Of the DuckDB beside PostgreSQL; what does not fit goes to the disk.


def columns_of(paths: list[Path]) -> set[str]:
    """The columns that at least one of the files has."""
    with kept_duckdb() as beside:
        found = beside.execute(f"describe from {read(paths)}").fetchall()
    return {str(column[0]) for column in found}


def count(path: Path) -> int:
    """How many rows a file has."""
    with kept_duckdb() as beside:
        found = beside.execute(f"select count(*) from {read([path])}").fetchone()
    return int(found[0]) if found else 0


def read(paths: list[Path]) -> str:
    """SQL of DuckDB for the rows of files; a column that one of them lacks is null there."""
    listed = ", ".join(quoted(str(path)) for path in paths)
    return f"read_parquet([{listed}], filename = true, union_by_name = true)"


def read_into(warehouse: Connection, table: str, query: str) -> None:
    """Make a scratch table of the warehouse of what a query in DuckDB's SQL finds in files."""
    if warehouse.dialect.name == "duckdb":
        make_scratch(warehouse, table, f"as {_escaped(query)}")
        return
    with tempfile.TemporaryDirectory(prefix="tembaga-") as folder, duckdb.connect() as beside:
        path = Path(folder) / "rows.csv"
        beside.execute(f"set memory_limit = '{MEMORY_LIMIT}'; set temp_directory = '{folder}'")
        described = beside.execute(f"describe {query}").fetchall()
        make_scratch(warehouse, table, f"({', '.join(f'{c[0]} {c[1]}' for c in described)})")
        beside.execute(f"copy ({query}) to '{path}' {CSV}")
        with path.open("rb") as file, _cursor(warehouse) as cursor:
            cursor.copy_expert(f"copy {table} from stdin {CSV}", file)
    warehouse.execute(text(f"analyze {table}"))


def write(
    warehouse: Connection, query: str, columns: Mapping[str, str], files: Mapping[Path, str]
) -> None:
    """Write what a query of the warehouse finds into files.

    Args:
        warehouse: The warehouse.
        query: In SQL of both engines.
        columns: What it finds, by name and type.
        files: By path, what goes into each: a query on `found` in DuckDB's SQL.
    """
    if warehouse.dialect.name == "duckdb":
        make_scratch(warehouse, "found", f"as {_escaped(query)}")
        for path, part in files.items():
            warehouse.execute(text(_escaped(f"copy ({part}) to {quoted(str(path))} {PARQUET}")))
        return
    with tempfile.TemporaryDirectory(prefix="tembaga-") as folder, duckdb.connect() as beside:
        csv = Path(folder) / "found.csv"
        with csv.open("wb") as file, _cursor(warehouse) as cursor:
            cursor.copy_expert(f"copy ({query}) to stdout {CSV}", file)
        types = ", ".join(f"{quoted(name)}: {quoted(kind)}" for name, kind in columns.items())
        beside.execute(f"set memory_limit = '{MEMORY_LIMIT}'; set temp_directory = '{folder}'")
        beside.execute(
            f"create table found as from read_csv({quoted(str(csv))}, header = false, "
            f"auto_detect = false, columns = {{{types}}}, allow_quoted_nulls = false)"
        )
        for path, part in files.items():
            beside.execute(f"copy ({part}) to {quoted(str(path))} {PARQUET}")


def _cursor(warehouse: Connection) -> Any:
    """A cursor of the driver, in the transaction of the connection."""
    return warehouse.connection.cursor()


def _escaped(query: str) -> str:
    """The query for SQLAlchemy, to which a colon is the mark of a value."""
    return query.replace(":", "\\:")
