"""JSON lines: one object a line, flat, its numbers exactly as they are written.

The first object says which names there are, as a header does. A later object that lacks one,
or has another, becomes a record of another length, and is answered as such.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tembaga.reading.records import unreadable, write_records
from tembaga.reading.text import lines

if TYPE_CHECKING:
    from tembaga.forms import Form

Pairs = list[tuple[str, str]]


def copy_json_lines(original: Path, copy: Path, form: "Form") -> None:
    """Write the copy of JSON lines.

    Raises:
        FileRefused: A line is no flat object of texts, numbers, truths and nulls, or as of
            delimited text.
    """
    write_records(copy, _records(original, form), form, first_line_no=0)


def _records(original: Path, form: "Form") -> Iterator[list[str]]:
    names: list[str] = []
    for line_no, line in enumerate(lines(original, form), start=1):
        pairs = _pairs(line, line_no, form)
        if pairs and not names:
            names = [name for name, _ in pairs]
            yield names
            yield from ([] for _ in range(1, line_no))
        if names:
            yield _cells(pairs, names)


def _cells(pairs: Pairs, names: list[str]) -> list[str]:
    cells = dict(pairs)
    if len(pairs) == len(names) == len(cells) and all(name in cells for name in names):
        return [cells[name] for name in names]
    # Another object than the first: never as long as the header, so that it is seen to differ.
    others = [cell for _, cell in pairs]
    return [*others, ""] if len(others) == len(names) else others


def _pairs(line: str, line_no: int, form: "Form") -> Pairs:
    if not line.strip():
        return []
    try:
        found = json.loads(
            line,
            object_pairs_hook=_Object,
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError) as error:
        raise unreadable(form, line_no) from error
    if not isinstance(found, _Object):
        raise unreadable(form, line_no)
    return [(name, _shown(value, line_no, form)) for name, value in found]


class _Object(list[tuple[str, object]]):
    """The names and values of an object, in their order, repeated names too."""


class _Number(str):
    """A number, as it is written."""

    __slots__ = ()


def _shown(value: object, line_no: int, form: "Form") -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, _Number):
        return _as_a_spreadsheet(value).replace(".", form.decimal_mark)
    if isinstance(value, str):
        return value
    raise unreadable(form, line_no)


def _as_a_spreadsheet(number: str) -> str:
    """An exponent is written `E+21`: as a code the number is known for spoilt by it."""
    mantissa, mark, exponent = number.upper().partition("E")
    if not mark:
        return number
    return f"{mantissa}E{'' if exponent[0] in '+-' else '+'}{exponent}"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
