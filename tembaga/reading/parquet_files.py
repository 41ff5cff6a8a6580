"""Parquet: each value as exact text, each row a record.

It is read in a box (`tembaga.reading.box`): what is in it may be made to do harm.
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tembaga.reading.cells import Cell, as_texts
from tembaga.reading.records import quoted, write_records
from tembaga.refusal import FileRefused

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from tembaga.forms import Form

FETCHED = 10_000  # Rows held at a time.
MEMORY_LIMIT = "400MB"
TYPES = (
    "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT",
    "UINTEGER", "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "VARCHAR", "DATE",
    "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", '"NULL"',
)  # fmt: skip


def copy_parquet(
    original: Path,
    copy: Path,
    form: "Form",
    *,
    unpacked_max: int,
    days: Collection[str] | None = None,
) -> None:
    """Write the copy of the rows of a Parquet file; its columns are the header.

    Days and times without a zone are written in the agreed form; `days` are the columns that may
    hold some, None: all. An instant in a zone is refused: on which day it fell is not said.

    Raises:
        FileRefused: It is no Parquet, a column is of a type that no cell has, or it is larger
            than `unpacked_max` bytes when it is unpacked.
    """
    import duckdb

    source_file = copy.with_name("source.parquet")  # DuckDB takes `*` and `[` for a pattern.
    source_file.symlink_to(original)
    with duckdb.connect() as connection:
        connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'; set threads = 1")
        connection.execute("set temp_directory = ''; set enable_progress_bar = false")
        source = f"read_parquet({quoted(str(source_file))}, binary_as_string = false)"
        _refuse_bomb(connection, source_file, unpacked_max)
        described = connection.execute(f"describe from {source}").fetchall()
        for name, kind, *_ in described:
            if kind.partition("(")[0] not in TYPES:
                raise FileRefused("E_FILE_COLUMN_TYPE", column=name[:40], type=kind[:40])
        # DuckDB gives a float of 32 bits as its nearest of 64, with digits that nobody wrote.
        cells = ", ".join(
            f"cast(cast({_named(name)} as varchar) as double)" if kind == "FLOAT" else _named(name)
            for name, kind, *_ in described
        )
        connection.execute(f"select {cells} from {source}")
        texts = as_texts(_rows(connection, described), form, days)
        write_records(copy, texts, form, first_line_no=0)


def _refuse_bomb(connection: "DuckDBPyConnection", source_file: Path, unpacked_max: int) -> None:
    found = connection.execute(
        "select coalesce(sum(total_uncompressed_size), 0) "
        f"from parquet_metadata({quoted(str(source_file))})"
    ).fetchone() or (0,)
    if found[0] > unpacked_max:
        raise FileRefused("E_FILE_TOO_LARGE", size_bytes=int(found[0]), limit_bytes=unpacked_max)


def _rows(
    connection: "DuckDBPyConnection", described: list[tuple[str, ...]]
) -> Iterator[list[Cell]]:
    yield [name for name, *_ in described]
    while rows := connection.fetchmany(FETCHED):
        yield from map(list, rows)


def _named(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
