"""Cells: the SQL for what the cells of a record say, in the words of an agreement.

A record has the columns `c1`, `c2`, … of its text, `more` if it goes on behind them, and its
`line_no`.
"""

import re
from itertools import pairwise

from tembaga.feeds import Column, Feed
from tembaga.forms import DIGITS, WORDS, Form, parts_of
from tembaga.reading import END, quoted

BLANKS = " \t\n\N{NO-BREAK SPACE}"
WHOLE_DIGITS_MAX = 18


def shape_of_lines(width: int, form: Form) -> str:
    """SQL for `line_no`, `fits` and `cells` of records with so many columns."""
    return f"""
        line_no,
        {_swallows(width, form)} as swallows,
        c{width} is not null and more is null and not swallows as fits,
        case
            when c{width} is null or more is not null
                then {" + ".join(f"(c{n} is not null)::int" for n in range(1, width + 1))}
                || case when more is not null then '+' else '' end
            when swallows then '{width}+'
        end as cells"""


def _swallows(width: int, form: Form) -> str:
    """SQL for whether a cell holds lines that would be lost.

    A cell between quotation marks may go over several lines. One that holds as many delimiters
    as a whole line has begins in one line and ends in a later one, with all that is between.
    """
    if form.format != "csv" or width < 2:
        return "false"
    cells, mark = ", ".join(f"c{n}" for n in range(1, width + 1)), quoted(form.delimiter)
    held = f"length(cell) - length(replace(cell, {mark}, ''))"
    return (
        f"case when contains(concat({cells}), chr(10)) then len(list_filter([{cells}], "
        f"lambda cell: contains(cell, chr(10)) and {held} >= {width - 1})) > 0 else false end"
    )


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
    form = pattern_of_numbers(feed.decimal_mark, feed.thousands_mark)
    plain = cell
    if feed.thousands_mark:
        plain = f"replace({cell}, {quoted(feed.thousands_mark)}, '')"
    plain = f"replace({plain}, {quoted(feed.decimal_mark)}, '.')"
    return (
        f"case when regexp_full_match({cell}, {quoted(form)}) "
        f"then try_cast({plain} as decimal(38, 10)) end"
    )


def excess_of_number(cell: str, feed: Feed) -> str:
    """SQL for what a number in the agreed form, which is null by `number`, has too many of.

    `digits` before the mark, or `decimals`; null if it is no such number.
    """
    form = pattern_of_numbers(feed.decimal_mark, feed.thousands_mark, of_any_length=True)
    whole = f"split_part({cell}, {quoted(feed.decimal_mark)}, 1)"
    return (
        f"case when regexp_full_match({cell}, {quoted(form)}) then "
        f"case when length(regexp_replace({whole}, '[^0-9]', '', 'g')) > {WHOLE_DIGITS_MAX} "
        "then 'digits' else 'decimals' end end"
    )


def pattern_of_numbers(
    decimal_mark: str, thousands_mark: str, *, of_any_length: bool = False
) -> str:
    """The regular expression of numbers with such marks, which `number` can keep, or of any.

    The first group before a thousands mark begins with no zero: in 0.500 the point is none.
    """
    whole, groups, decimals = r"\d{1,18}", "{1,5}", r"\d{1,10}0*"
    if of_any_length:
        whole, groups, decimals = r"\d+", "+", r"\d+"
    if thousands_mark:
        whole = rf"({whole}|[1-9]\d{{0,2}}({re.escape(thousands_mark)}\d{{3}}){groups})"
    return rf"-?{whole}({re.escape(decimal_mark)}{decimals})?"


def day(cell: str, form: str) -> str:
    """SQL for the day that a cell writes in a form of strptime, or null.

    strptime takes one digit for two. Where parts stand side by side, as in `%d%m%Y`, it could
    not be said which lacks one, and a year of one digit is none: there each has all of its own.
    """
    parts = parts_of(form)
    are_digits = [part in DIGITS for part in parts]
    read = f"try_strptime({cell}, {quoted(form)})::date"
    if "%y" not in parts and not any(one and other for one, other in pairwise(are_digits)):
        return read
    pattern = "".join(
        _pattern_of_part(part, is_alone=not (before or behind))
        for part, before, behind in zip(
            parts, [False, *are_digits[:-1]], [*are_digits[1:], False], strict=True
        )
    )
    return f"case when regexp_full_match({cell}, {quoted(pattern)}) then {read} end"


def _pattern_of_part(part: str, *, is_alone: bool) -> str:
    if part in DIGITS:
        return r"\d+" if is_alone and part != "%y" else rf"\d{{{DIGITS[part]}}}"
    if part in WORDS:
        return r"\D+"
    return "".join(r"\s*" if sign.isspace() else re.escape(sign) for sign in part)
