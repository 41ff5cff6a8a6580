"""Measuring: how long something took, how much memory, and what it spent its time on.

What is measured runs in a process of its own, so that the memory of one measurement is not
counted in the next, and each begins as cold as a task does.
"""

import logging
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tembaga.dbt import times


@dataclass(frozen=True)
class Took:
    """How long a model, a test, a seed or a command of dbt took."""

    kind: str
    name: str
    seconds: float


@dataclass(frozen=True)
class Measured:
    """What a call in a process of its own returned, and what it took.

    `cpu_seconds` are those of its cores: where other programs run meanwhile, they tell more.
    """

    result: Any
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    parts: list[Took]

    def sum_of(self, *kinds: str) -> float:
        """The seconds of all parts of these kinds; parts may have run at the same time."""
        return sum(part.seconds for part in self.parts if part.kind in kinds)


@dataclass
class Report:
    """What a benchmark has to say: a table of what was compared, and tables of details."""

    title: str
    rows: list[tuple[str, ...]] = field(default_factory=list)
    details: list[tuple[str, list[tuple[str, ...]]]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def in_a_child(function: Callable[..., Any], *args: Any) -> Measured:
    """Call a function of a module in a fresh process, and measure it there."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as child:
        return child.submit(_measure, function, args).result()


def _measure(function: Callable[..., Any], args: tuple[Any, ...]) -> Measured:
    parts = _Parts()
    times.addHandler(parts)
    times.setLevel(logging.DEBUG)
    times.propagate = False
    began, computed = time.perf_counter(), _cpu_seconds()
    result = function(*args)
    seconds, computed = time.perf_counter() - began, _cpu_seconds() - computed
    return Measured(result, seconds, computed, _peak_bytes(), parts.found)


def _cpu_seconds() -> float:
    """What this process and those that it started and awaited have computed, on all cores."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, whose))


class _Parts(logging.Handler):
    """Collects what tembaga.dbt logs about the time that it takes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Took] = []

    def emit(self, record: logging.LogRecord) -> None:
        kind, name, seconds = record.args  # type: ignore[misc]  # See TOOK in tembaga/dbt.py.
        self.found.append(Took(str(kind), str(name), float(seconds)))  # type: ignore[arg-type]  # Of a log record's args.


def _peak_bytes() -> int:
    """The most memory that this process has held.

    What the system calls its maximum resident set may be that of the process which started it,
    so Linux is asked for the high-water mark.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
