"""Finds the smallest part of a history that is still posted otherwise than by the oracle.

All parts that are tried in a round are posted side by side, each as a group of its own, so
that a round costs no more than one history.
"""

from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields, replace
from datetime import date
from typing import Any
from zlib import crc32

from tests.property.histories import History, Operation
from tests.property.inputs import Adjustment

OFFSET = 10**9

TryOut = Callable[[Sequence[History]], set[str]]  # Gives the groups that fail.


def smallest(history: History, try_out: TryOut) -> History:
    """Leave out operations, first many at once and then one by one, as long as it fails."""
    chunk = max(_size(history) // 2, 1)
    while True:
        parts = [
            _renamed(_without(history, first, chunk), f"{history.group}x{first}")
            for first in range(0, _size(history), chunk)
        ]
        failing = try_out(parts) if parts else set()
        left = [part for part in parts if part.group in failing]
        if left:
            history = _renamed(min(left, key=_size), history.group)
            chunk = min(chunk, max(_size(history) // 2, 1))
        elif chunk == 1:
            return history
        else:
            chunk //= 2


def as_code(history: History) -> str:
    """The history as Python, to be pasted into `tests/property/regressions.py`."""
    batches = "".join(
        "        [\n" + "".join(f"            {_code(one)},\n" for one in batch) + "        ],\n"
        for batch in history.batches
    )
    return f"History(\n    {history.group!r},\n    [\n{batches}    ],\n    {history.orders!r},\n)"


def _size(history: History) -> int:
    return sum(len(batch) for batch in history.batches)


def _without(history: History, first: int, count: int) -> History:
    batches: list[list[Operation]] = []
    nth = 0
    for batch in history.batches:
        kept = [one for n, one in enumerate(batch, nth) if not first <= n < first + count]
        batches.append(kept)
        nth += len(batch)
    return replace(history, batches=batches)


def _renamed(history: History, group: str) -> History:
    """The same history under another name; all names in it begin with that of its group."""
    old = history.group

    def named(value: Any) -> Any:
        is_name = isinstance(value, str) and value.startswith(old) and value[len(old)] in ".-/"
        return group + value[len(old) :] if is_name else value

    def moved(one: Operation) -> Operation:
        if isinstance(one, Adjustment):  # Nobody else may have the number of its approval.
            one = replace(
                one, approval_no=one.approval_no % OFFSET + crc32(group.encode()) * OFFSET
            )
        return replace(one, **{f.name: named(getattr(one, f.name)) for f in fields(one)})

    return History(
        group,
        [[moved(one) for one in batch] for batch in history.batches],
        {named(advocate): reward for advocate, reward in history.orders.items()},
    )


def _code(one: Operation) -> str:
    said = []
    for field in fields(one):
        value = getattr(one, field.name)
        if field.name != "place" and (field.default is MISSING or value != field.default):
            said.append(f"{field.name}={_value(value)}")
    return f"{type(one).__name__}({', '.join(said)})"


def _value(value: object) -> str:
    if isinstance(value, date):
        return f"date({value.year}, {value.month}, {value.day})"
    return repr(value)
