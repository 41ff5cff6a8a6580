"""Cells: how a file writes its numbers and its days, by counting which forms fit."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import duckdb

from tembaga.cells import day, pattern_of_numbers
from tembaga.proposing.guess import Guess
from tembaga.reading import quoted

# Decimal and thousands mark, the plainest first: of two that fit alike the first is meant.
MARKS = ((".", ""), (",", ""), (".", ","), (",", "."), (".", " "), (",", " "))
ANY_NUMBER = re.compile(r"[-+]?\d{1,3}([., ]?\d{3})*([.,]\d+)?|[-+]?\d+([.,]\d+)?")
DOUBTFUL = re.compile(r"-?\d{1,3}[.,]\d{3}")
DAYS = (
    "%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y%m%d",
    "%d/%m/%y", "%m/%d/%y", "%d-%m-%y", "%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%d-%b-%y", "%b %d, %Y",
)  # fmt: skip
TIMES = ("", " %H:%M:%S", " %H:%M", "T%H:%M:%S", " %I:%M %p")
LOOKS_LIKE_A_DAY = re.compile(
    r"\d{1,4}[-/. ](\d{1,2}|[A-Za-z]{3,9})[-/. ]\d{1,4}([ T]\d{1,2}:.*)?|20\d{6}"
)
ENOUGH = 0.7  # Of the cells of a column, for it to be numbers or days; the rest are faults.


@dataclass(frozen=True)
class Numbers:
    """The marks of a file's numbers."""

    decimal_mark: str
    thousands_mark: str
    guesses: Sequence[Guess]

    def value(self, cell: str) -> float | None:
        """The number that a cell writes, near enough to compare it."""
        if not _pattern(self.decimal_mark, self.thousands_mark).fullmatch(cell):
            return None
        plain = cell.replace(self.thousands_mark, "") if self.thousands_mark else cell
        return float(plain.replace(self.decimal_mark, "."))


def is_number(cell: str) -> bool:
    """Whether a cell writes a number in any form."""
    return ANY_NUMBER.fullmatch(cell) is not None


def is_day(cell: str) -> bool:
    """Whether a cell looks like a day in any form."""
    return LOOKS_LIKE_A_DAY.fullmatch(cell) is not None


def read_numbers(rows: Sequence[Sequence[str]]) -> Numbers:
    """Find the marks by the columns that are numbers under some marks or other."""
    cells = [
        cell
        for column in zip(*rows, strict=True)
        if _is_of_numbers(filled := [cell for cell in column if cell])
        for cell in filled
    ]
    fits = {marks: sum(bool(_pattern(*marks).fullmatch(cell)) for cell in cells) for marks in MARKS}
    decimal_mark, thousands_mark = best = max(MARKS, key=lambda marks: fits[marks])
    marked = [cell for cell in cells if not cell.lstrip("-").isdigit()]
    doubtful = [cell for cell in marked if DOUBTFUL.fullmatch(cell)]
    said = f"{fits[best]} of {len(cells)} numbers fit"
    if not marked:
        sure, said = (
            "open",
            f"none of {len(cells)} numbers has a mark: ask how decimals are written",
        )
    elif len(doubtful) == len(marked):
        thousands_mark = next(mark for mark in ".," if mark in doubtful[0])
        decimal_mark = "," if thousands_mark == "." else "."
        sure = "open"
        said = f"{len(doubtful)} cells such as {doubtful[0]} may mean a thousand or one: ask"
    else:
        decisive = len(marked) - len(doubtful)
        sure = "sure" if fits[best] == len(cells) and decisive > 2 else "likely"
        said += f"; {decisive} can be read in no other way, as {_decisive(marked)}"
    guesses = [
        Guess("decimal_mark", decimal_mark, sure, said),  # type: ignore[arg-type] # One of three.
        Guess("thousands_mark", thousands_mark, sure, said),  # type: ignore[arg-type] # As above.
    ]
    return Numbers(decimal_mark, thousands_mark, guesses)


def _decisive(marked: Sequence[str]) -> str:
    return next(cell for cell in marked if not DOUBTFUL.fullmatch(cell))


def read_days(cells: Sequence[str]) -> tuple[int, Guess | None]:
    """How many cells are days in the form that fits best, and that form."""
    if not any(map(is_day, cells)):
        return 0, None
    forms = [f"{day}{time}" for day in DAYS for time in TIMES]
    with duckdb.connect() as connection:
        connection.execute("create table cells as select unnest($1::varchar[]) as cell", [cells])
        counted = connection.execute(
            " union all ".join(
                f"select {quoted(form)}, count(*), count(*) filter (day(moment) > 12) "
                f"from (select {day('cell', form)} as moment from cells) "
                "where year(moment) between 2000 and 2100"
                for form in forms
            )
        ).fetchall()
    counts = {form: (fit, above) for form, fit, above in counted}
    found = [(*counts[form], form) for form in forms]
    fit, above, form = max(found, key=lambda item: item[0])
    if not cells or fit < ENOUGH * len(cells):
        return fit, None
    said = f"{fit} of {len(cells)} cells fit; {above} have a day above 12"
    swapped = form.replace("%d", "%?").replace("%m", "%d").replace("%?", "%m")
    rivals = [item for item in found if item[0] == fit and item[2] == swapped != form]
    if rivals and not form.startswith("%Y"):
        said = f"{said}; {swapped} fits as well: ask whether day or month comes first"
        return fit, Guess("date_format", form, "open", said)
    return fit, Guess("date_format", form, "sure" if fit == len(cells) else "likely", said)


def _is_of_numbers(filled: Sequence[str]) -> bool:
    if not filled:
        return False
    fit = max(sum(bool(_pattern(*marks).fullmatch(cell)) for cell in filled) for marks in MARKS)
    return fit >= ENOUGH * len(filled) and not all(is_day(cell) for cell in filled)


@cache
def _pattern(decimal_mark: str, thousands_mark: str) -> re.Pattern[str]:
    return re.compile(pattern_of_numbers(decimal_mark, thousands_mark))
