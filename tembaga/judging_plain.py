"""Judging plain lines: hold them against what is known when they are loaded, and follow them.

The files come in the order of their numbers, and each meets what those before it have changed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from expectations.codes import CODES
from tembaga.register.enrolments import enrol_advocates, enrol_outlets

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

    What follows in the warehouse is left to the caller; the register's transaction, too.
    """
    judge = JUDGES.get(file.feed)
    found = judge(register, warehouse, file, rows) if judge else ()
    return sorted((Finding(*each) for each in found), key=lambda each: each.line_no)


Found = tuple[int, str, str, str]  # Line, code, field and value of a finding.


def _outlets(
    register: Connection, _warehouse: Connection, file: Row[Any], rows: Rows
) -> Iterable[Found]:
    return enrol_outlets(register, rows, partner=file.partner)


def _advocates(
    register: Connection, _warehouse: Connection, file: Row[Any], rows: Rows
) -> Iterable[Found]:
    return enrol_advocates(register, rows, partner=file.partner)


JUDGES: dict[str, Callable[[Connection, Connection, Row[Any], Rows], Iterable[Found]]] = {
    "outlets": _outlets,
    "advocates": _advocates,
}
