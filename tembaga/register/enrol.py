"""Enrolment: outlets, advocates and their standing orders, from CSV files."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from tembaga.register import tables


class EnrolmentError(Exception):
    """A file of enrolments that cannot be taken; its sentence names the file, line and remedy."""


def enrol(
    engine: Engine,
    *,
    outlets: Path | None = None,
    advocates: Path | None = None,
    standing_orders: Path | None = None,
) -> None:
    """Add what is new and bring up to date what has changed; nobody is removed.

    All the files are taken or none. A second call with the same files changes nothing.

    Raises:
        EnrolmentError: A file cannot be read, a column is missing, a cell is empty, or a row
            names somebody who is not enrolled.
    """
    with engine.begin() as connection:
        for table, path in (
            (tables.outlets, outlets),
            (tables.advocates, advocates),
            (tables.standing_orders, standing_orders),
        ):
            if path is None:
                continue
            try:
                _upsert(connection, table, list(_rows(table, path)))
            except IntegrityError as error:
                raise EnrolmentError(
                    f"{path.name}: {_said(error)}. Enrol that first; nothing was enrolled."
                ) from error


def _rows(table: Table, path: Path) -> Iterator[dict[str, str]]:
    needed = [c.name for c in table.columns if c.default is None and not c.nullable]
    with _opened(path) as file:
        reader = csv.DictReader(file)
        if missing := set(needed) - set(reader.fieldnames or ()):
            raise EnrolmentError(f"{path.name}: add the column {', '.join(sorted(missing))}")
        for row in reader:
            if empty := [name for name in needed if not (row[name] or "").strip()]:
                raise EnrolmentError(f"{path.name}, line {reader.line_num}: {empty[0]} is empty")
            yield {name: row[name].strip() for name in needed}


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield file
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EnrolmentError(f"{path.name} cannot be read as UTF-8 CSV: {error}") from error


def _said(error: IntegrityError) -> str:
    """What the database says of the row, in its own words: which key is not there."""
    lines = str(error.orig).strip().splitlines()
    return lines[-1].removeprefix("DETAIL:").strip().rstrip(".")


def _upsert(connection: Connection, table: Table, rows: list[dict[str, str]]) -> None:
    if not rows:
        return
    statement = insert(table)
    keys = {column.name for column in table.primary_key}
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), rows)
