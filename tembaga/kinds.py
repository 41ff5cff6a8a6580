"""Kinds: what the cells of a column say, and how DuckDB reads it from their text.

A cell that cannot be read so is null in its column, and what it says stays beside it in
`<column>_text`, for those who look for the fault.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from tembaga.cells import day, number
from tembaga.feeds import Feed
from tembaga.reading import quoted

FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2199, 12, 31)
POINTS_MAX = 1_000_000_000
CODE_LENGTH, TEXT_LENGTH = 100, 200

_INSTANT = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})"
_EMAIL = r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\".]+(\.[^@\s,;<>\".]+)+"
_PHONE = r"\+?\d{8,15}"


@dataclass(frozen=True)
class Kind:
    """A kind of cell.

    `typed` gives the SQL for what a text says; it is null where `code` is the answer.
    """

    code: str
    type: str
    typed: Callable[[str, Feed], str]
    length: int = CODE_LENGTH
    may_be_ahead: bool = False  # Of a day: later than tomorrow.


@dataclass(frozen=True)
class Cell:
    """The cells of a column: of what kind they are, and whether one may be empty.

    `words` are ours; a partner may write others for them, where its agreement says so.
    """

    kind: Kind
    may_be_empty: bool = False
    words: tuple[str, ...] = ()


def _text(text: str, _feed: Feed) -> str:
    return f"case when not regexp_matches({text}, '[\\p{{C}}\\p{{Zl}}\\p{{Zp}}]') then {text} end"


def _day(text: str, feed: Feed) -> str:
    return day(text, feed.date_format)


def _instant(text: str, _feed: Feed) -> str:
    """A moment in UTC. A day or an hour that does not exist is none."""
    local = (
        f"coalesce(try_strptime(replace(left({text}, 19), 'T', ' '), '%Y-%m-%d %H:%M:%S'), "
        f"try_strptime(replace(left({text}, 16), 'T', ' '), '%Y-%m-%d %H:%M'))"
    )
    hours, minutes = (
        f"coalesce(try_cast(regexp_extract({text}, '([+-]\\d\\d):(\\d\\d)$', {n}) as integer), 0)"
        for n in (1, 2)
    )
    sign = f"case when regexp_matches({text}, '-\\d\\d:\\d\\d$') then -1 else 1 end"
    return (
        f"case when regexp_full_match({text}, {quoted(_INSTANT)}) and abs({hours}) < 15 "
        f"and {minutes} < 60 "
        f"then {local} - to_minutes({hours} * 60 + ({sign}) * {minutes}) end"
    )


def _points(text: str, feed: Feed) -> str:
    value = number(text, feed)
    return (
        f"case when {value} % 1 = 0 and {value} <> 0 and abs({value}) <= {POINTS_MAX} "
        f"then ({value})::bigint end"
    )


def _email(text: str, _feed: Feed) -> str:
    return f"case when regexp_full_match({text}, {quoted(_EMAIL)}) then {text} end"


def _phone(text: str, _feed: Feed) -> str:
    digits = f"regexp_replace({text}, '[ ().-]', '', 'g')"
    return f"case when regexp_full_match({digits}, {quoted(_PHONE)}) then {digits} end"


def _nothing(_text: str, _feed: Feed) -> str:
    return "null::varchar"


CODE = Kind("E_TEXT", "varchar", _text)
TEXT = Kind("E_TEXT", "varchar", _text, TEXT_LENGTH)
DAY = Kind("E_DATE", "date", _day)
ANY_DAY = Kind("E_DATE", "date", _day, may_be_ahead=True)
INSTANT = Kind("E_INSTANT", "timestamp", _instant)
POINTS = Kind("E_POINTS", "bigint", _points)
MONEY = Kind("E_MONEY", "decimal(38, 10)", number)
EMAIL = Kind("E_EMAIL", "varchar", _email, 254)
PHONE = Kind("E_PHONE", "varchar", _phone)
WORD = Kind("E_WORD", "varchar", _nothing)  # The words are the column's own.
SECRET = Kind("E_VOUCHER_CODE", "varchar", _nothing)  # Known by its digest (tembaga/claims.py).
