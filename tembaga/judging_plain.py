"""Judging plain lines: hold them against what is known when they are loaded, and follow them.

The files come in the order of their numbers, and each meets what those before it have changed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import Connection, Row, Table, select

from expectations.codes import CODES
from tembaga.reading import quoted
from tembaga.register.enrolments import enrol_advocates, enrol_outlets, find_faults, name_products
from tembaga.warehouse import activities, requests

NAMES_AT_A_TIME = 10_000
OF_A_REQUEST = ("advocate", "reward", "requested_at")
OF_AN_ACTIVITY = ("advocate", "activity", "done_on", "outlet", "referred_advocate")
FINDINGS = (
    "create table found (line_no integer, outcome varchar, code varchar, field varchar, "
    "seen varchar, amount decimal(38, 10))"
)

Rows = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Finding:
    """Why a line that had passed does not hold after all."""

    line_no: int
    code: str
    field: str
    seen: str

    @property
    def outcome(self) -> str:
        """What becomes of the line."""
        return CODES[self.code].severity


def judge_plain(
    register: Connection, warehouse: Connection, file: Row[Any], rows: Rows
) -> list[Finding]:
    """Find the lines of a file that do not hold, and follow the others in the register.

    There is something to find for the feeds in `JUDGES`. What follows in the warehouse is left
    to the caller; the register's transaction, too.
    """
    found = JUDGES[file.feed](register, warehouse, file, rows)
    return sorted((Finding(*each) for each in found), key=lambda each: each.line_no)


def write_findings(found: Sequence[Finding], path: Path) -> None:
    """Write the findings to `path`, whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    with duckdb.connect() as connection:
        connection.execute(FINDINGS)
        if found:
            connection.executemany(
                "insert into found values ($1, $2, $3, $4, $5, null)",
                [[f.line_no, f.outcome, f.code, f.field, f.seen] for f in found],
            )
        connection.execute(f"copy found to {quoted(str(part))} (format parquet)")
    part.replace(path)


Found = tuple[int, str, str, str]  # Line, code, field and value of a finding.


def _outlets(
    register: Connection, _warehouse: Connection, file: Row[Any], rows: Rows
) -> Iterable[Found]:
    return enrol_outlets(register, rows, partner=file.partner)


def _advocates(
    register: Connection, _warehouse: Connection, file: Row[Any], rows: Rows
) -> Iterable[Found]:
    return enrol_advocates(register, rows, partner=file.partner)


def _products(
    register: Connection, _warehouse: Connection, file: Row[Any], rows: Rows
) -> Iterable[Found]:
    name_products(register, rows, partner=file.partner)
    return ()


def _requests(
    _register: Connection, warehouse: Connection, _file: Row[Any], rows: Rows
) -> Iterable[Found]:
    return _repeats(warehouse, requests, "request_id", "E_REQUEST_TWICE", OF_A_REQUEST, rows)


def _activities(
    register: Connection, warehouse: Connection, file: Row[Any], rows: Rows
) -> Iterable[Found]:
    strangers = find_faults(register, file.feed, rows, partner=file.partner)
    lines = {line_no for line_no, *_ in strangers}
    others = [row for row in rows if row["line_no"] not in lines]
    came = _repeats(
        warehouse, activities, "activity_id", "E_ACTIVITY_TWICE", OF_AN_ACTIVITY, others
    )
    return [*strangers, *came]


def _repeats(
    warehouse: Connection, table: Table, key: str, code: str, says: Sequence[str], rows: Rows
) -> Iterable[Found]:
    """Lines that came before: the same ones, and with `code` others under the same number."""
    named = {row[key]: row for row in rows}
    known: dict[str, Row[Any]] = {}
    for at in range(0, len(named), NAMES_AT_A_TIME):
        some = list(named)[at : at + NAMES_AT_A_TIME]
        query = select(table).where(table.c[key].in_(some))
        known |= {getattr(row, key): row for row in warehouse.execute(query)}
    for number, earlier in known.items():
        row = named[number]
        same = all(row[name] == getattr(earlier, name) for name in says)
        yield row["line_no"], "DUPLICATE" if same else code, key, number.partition("/")[2]


JUDGES: dict[str, Callable[[Connection, Connection, Row[Any], Rows], Iterable[Found]]] = {
    "outlets": _outlets,
    "advocates": _advocates,
    "products": _products,
    "requests": _requests,
    "activities": _activities,
}
