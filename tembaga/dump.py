"""Dump: the tables of a PostgreSQL database as files, and back.

    tables.sql       what makes the tables, their constraints, indexes and comments
    <table>.copy     its rows, as PostgreSQL's COPY writes them in text

It is read and written over the connection, so no program of the server's version is needed.
What is not a table (views, functions) is left out: nothing of ours is but what dbt makes anew.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Table, create_mock_engine, text
from sqlalchemy.schema import CreateSchema

TABLES = "tables.sql"


def write_dump(connection: Connection, folder: Path, *, schemas: Sequence[str]) -> list[str]:
    """Write all tables of these schemas; returns their names in the order to load them.

    The connection's transaction should be REPEATABLE READ: then all rows are of one instant.
    """
    folder.mkdir()
    found = _tables(connection, schemas)
    (folder / TABLES).write_text(_statements(connection, found, schemas), encoding="utf-8")
    for table in found.sorted_tables:
        with (folder / f"{table.fullname}.copy").open("wb") as file:
            _cursor(connection).copy_expert(f"copy {_columns(table)} to stdout", file)
    return [table.fullname for table in found.sorted_tables]


def load_dump(connection: Connection, folder: Path, *, tables: Iterable[str]) -> None:
    """Make the tables of a dump and fill them, within the connection's transaction."""
    cursor = _cursor(connection)
    cursor.execute((folder / TABLES).read_text(encoding="utf-8"))
    schemas = {name.rpartition(".")[0] for name in tables}
    made = _tables(connection, sorted(schemas)).tables
    for name in tables:
        with (folder / f"{name}.copy").open("rb") as file:
            cursor.copy_expert(f"copy {_columns(made[name])} from stdin", file)
        cursor.execute(f"analyze {_quoted(made[name])}")


def filled_table(connection: Connection, schemas: Sequence[str], *, but: Sequence[str]) -> str:
    """The name of a table of these schemas that holds rows, leaving some out; empty: none does."""
    query = text(
        "select table_schema, table_name from information_schema.tables "
        "where table_type = 'BASE TABLE' order by 1, 2"
    )
    for schema, table in connection.execute(query).all():
        name = f"{schema}.{table}"
        if schema not in schemas or name in but:
            continue
        if connection.scalar(text(f'select exists (select 1 from "{schema}"."{table}")')):
            return name
    return ""


def drop_tables(connection: Connection, schemas: Sequence[str]) -> None:
    """Drop all tables of these schemas, and the views that read them."""
    for table in _tables(connection, schemas).tables.values():
        connection.execute(text(f"drop table {_quoted(table)} cascade"))


def _tables(connection: Connection, schemas: Sequence[str]) -> MetaData:
    found = MetaData()
    for schema in schemas:
        found.reflect(connection, schema=schema)
    return found


def _statements(connection: Connection, found: MetaData, schemas: Sequence[str]) -> str:
    statements = [
        str(CreateSchema(schema, if_not_exists=True).compile(dialect=connection.dialect))
        for schema in schemas
    ]

    def keep(statement: Any, *_: object, **__: object) -> None:
        statements.append(str(statement.compile(dialect=connection.dialect)).strip())

    found.create_all(create_mock_engine("postgresql+psycopg2://", keep), checkfirst=False)
    return ";\n\n".join(statements) + ";\n"


def _columns(table: Table) -> str:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    return f"{_quoted(table)} ({names})"


def _quoted(table: Table) -> str:
    return f'"{table.schema}"."{table.name}"'


def _cursor(connection: Connection) -> Any:
    return connection.connection.cursor()
