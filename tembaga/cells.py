"""Cells: the SQL for what the cells of a record say, in the words of an agreement.

A record has the columns `c1`, `c2`, … of its text, `more` if it goes on behind them, and its
`line_no`.
"""

import re

from tembaga.feeds import Column, Feed
from tembaga.reading import END, quoted

BLANKS = " \t\n\N{NO-BREAK SPACE}"


def shape_of_lines(width: int) -> str:
    """SQL for `line_no`, `fits` and `cells` of records with so many columns."""
    return f"""
        line_no,
        c{width} is not null and more is null as fits,
        case
            when c{width} is null or more is not null
                then {" + ".join(f"(c{n} is not null)::int" for n in range(1, width + 1))}
                || case when more is not null then '+' else '' end
        end as cells"""


def is_a_line(width: int) -> str:
    """SQL for which records are lines: not the header, not the end, not an empty one."""
    return f"""
        c1 <> {quoted(END)}
        and coalesce({", ".join(f"nullif(c{n}, '')" for n in range(1, width + 1))}, more)
        is not null"""


def cell_of(column: Column, headers: list[str]) -> str:
    """SQL for what a line says in a column: a constant, its cell, or for an empty one the default.

    The cell of a line that does not fit the header is not looked at.
    """
    if column.constant:
        return quoted(column.constant)
    cell = f"c{headers.index(column.header) + 1}"
    return f"coalesce({text_of(cell)}, {quoted(column.default)})" if column.default else cell


def code_of(cell: str | None, column: Column | None) -> str:
    """SQL for what a cell says in a column of ours, or null."""
    if cell is None or column is None:
        return "null::varchar"
    code = text_of(cell)
    if column.upper:
        code = f"upper({code})"
    if column.strip_suffix:
        code = f"regexp_replace({code}, {quoted(re.escape(column.strip_suffix) + '$')}, '')"
    return code


def text_of(cell: str) -> str:
    """SQL for the text of a cell without blanks around it; null if nothing is left."""
    return f"nullif(trim({cell}, {quoted(BLANKS)}), '')"


def number(cell: str, feed: Feed) -> str:
    """SQL for the number that a cell writes in the agreed form, or null.

    Up to 18 digits before the mark and 10 after it, so that it is exact as decimal(38, 10).
    """
    decimal_mark, thousands_mark = re.escape(feed.decimal_mark), re.escape(feed.thousands_mark)
    whole = r"\d{1,18}"
    if thousands_mark:
        whole = rf"({whole}|\d{{1,3}}({thousands_mark}\d{{3}}){{1,5}})"
    form = quoted(rf"-?{whole}({decimal_mark}\d{{1,10}}0*)?")
    plain = f"replace({cell}, {quoted(feed.thousands_mark)}, '')" if thousands_mark else cell
    plain = f"replace({plain}, {quoted(feed.decimal_mark)}, '.')"
    return (
        f"case when regexp_full_match({cell}, {form}) then try_cast({plain} as decimal(38, 10)) end"
    )
