"""What a replay has made, row by row beside what the warehouse has kept.

Equal heads say that the transfers are equal. This says it of all the rest: lots with their days,
counters, balances, documents, the lines as they were loaded and the papers as they were handed in.
A row that somebody has changed, deleted or doubled has no equal on the other side.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, text

from tembaga.settings import Settings
from tembaga.warehouse import has_table, raw, read_warehouse

SHOWN_ROWS = 3
CHUNK = 10_000  # Rows that are in memory at a time.

# What posting reads again and again of the files of its batches.
RAW = (
    "sales", "replacements", "uptakes", "requests", "cancellations", "adjustments",
    "opening_balances", "merges", "reversals", "claims", "payments",
)  # fmt: skip

LEDGER = """
select table_name, column_name
from information_schema.columns
where table_schema = 'ledger'
order by table_name, column_name
"""

# A line that is being taken up: what posting made of it before stands no more, and what it will
# make of it does not stand yet.
BEING_TAKEN_UP = """
select of_file_no, of_line_no
from raw.uptakes
where file_no not in (select file_no from ledger.files)
"""

Line = tuple[int, int]
Values = tuple[Any, ...]


@dataclass(frozen=True)
class Difference:
    """The rows of a table that have no equal on the other side."""

    table: str
    columns: tuple[str, ...]
    kept: list[Values]  # In the warehouse alone.
    made: list[Values]  # In the replay alone.

    def __str__(self) -> str:
        sides = (("the warehouse alone has", self.kept), ("the replay alone has", self.made))
        told = (f"{who} {self._shown(rows)}" for who, rows in sides if rows)
        return f"{self.table}: {'; '.join(told)}"

    def _shown(self, rows: list[Values]) -> str:
        shown = [str(dict(zip(self.columns, row, strict=True))) for row in rows[:SHOWN_ROWS]]
        more = [f"and {len(rows) - SHOWN_ROWS} more"] if len(rows) > SHOWN_ROWS else []
        return f"{len(rows)} rows: {', '.join([*shown, *more])}"


@dataclass(frozen=True)
class Table:
    """A table of both warehouses, and which of its rows are compared."""

    name: str
    columns: tuple[str, ...]
    line: tuple[str, str] | None = None  # The columns that name a line, where one is named.

    @property
    def query(self) -> str:
        of_files = " where file_no in (select file_no from ledger.files)" if self.line else ""
        return f"select {', '.join(self.columns)} from {self.name}{of_files}"


def last_batch_no(settings: Settings) -> int | None:
    """The last batch of a ledger, or None if there is no ledger."""
    with read_warehouse(settings) as warehouse:
        if not has_table(warehouse, "ledger", "batches"):
            return None
        found = warehouse.execute(text("select coalesce(max(batch_no), 0) from ledger.batches"))
        return int(found.scalar_one())


def differences(settings: Settings, replayed: Settings) -> tuple[int, list[Difference]]:
    """How many rows a warehouse has kept of its batches, and which are not as they were replayed.

    Lines that are being taken up are left out, and what was loaded and is not posted yet.
    """
    n_rows, found = 0, []
    with read_warehouse(settings) as kept, read_warehouse(replayed) as made:
        moving = {(row[0], row[1]) for row in kept.execute(text(BEING_TAKEN_UP))}
        for table in _tables(kept, made):
            counts, digests = zip(
                *(_digest(_rows(side, table, moving)) for side in (kept, made)), strict=True
            )
            n_rows += counts[0]
            if counts[0] != counts[1] or digests[0] != digests[1]:
                only_kept = list(_unmatched(kept, made, table, moving))
                only_made = list(_unmatched(made, kept, table, moving))
                found.append(Difference(table.name, table.columns, only_kept, only_made))
    return n_rows, found


def _tables(kept: Connection, made: Connection) -> Iterator[Table]:
    """The tables of the ledger, with the columns that both have, and the raw ones behind it."""
    columns: dict[str, list[str]] = {}
    known = {(row.table_name, row.column_name) for row in kept.execute(text(LEDGER))}
    for row in made.execute(text(LEDGER)):
        if (row.table_name, row.column_name) in known:
            columns.setdefault(row.table_name, []).append(row.column_name)
    for name, of_table in columns.items():
        yield Table(f"ledger.{name}", tuple(of_table))
    for name in RAW:
        of_line = ("of_file_no", "of_line_no") if name == "uptakes" else ("file_no", "line_no")
        yield Table(f"raw.{name}", tuple(raw.tables[f"raw.{name}"].columns.keys()), of_line)


def _rows(connection: Connection, table: Table, moving: set[Line]) -> Iterator[Values]:
    """The rows of a table, written alike on every engine."""
    places = [table.columns.index(column) for column in table.line or ()]
    found = connection.execution_options(yield_per=CHUNK).execute(text(table.query))
    for row in found:
        if not moving or not places or (row[places[0]], row[places[1]]) not in moving:
            yield tuple(_alike(value) for value in row)


def _alike(value: Any) -> Any:
    """A value as it is, but a whole number as an integer: engines sum them to different types."""
    is_whole = isinstance(value, Decimal) and value == value.to_integral_value()
    return int(value) if is_whole else value


def _digest(rows: Iterator[Values]) -> tuple[int, int]:
    """How many rows there are, and a number that is the same for the same rows in any order."""
    n_rows = total = 0
    for row in rows:
        n_rows += 1
        total += _hash(row)
    return n_rows, total


def _hash(row: Values) -> int:
    return int.from_bytes(blake2b(repr(row).encode(), digest_size=16).digest())


def _unmatched(
    one: Connection, other: Connection, table: Table, moving: set[Line]
) -> Iterator[Values]:
    """The rows of one side that have no equal on the other."""
    there = Counter(map(_hash, _rows(other, table, moving)))
    for row in _rows(one, table, moving):
        digest = _hash(row)
        if not there[digest]:
            yield row
        there[digest] -= 1
