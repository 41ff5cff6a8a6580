"""Small files: one DuckDB in memory, which this process keeps for all of them.

To start one costs more than to judge a small file. It has one thread and no place on the disk:
what is small fits many times into its memory.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path

import duckdb

SMALL_BYTES = 256 * 1024
MEMORY_LIMIT = "500MB"

_numbers = count(1)


def are_small(paths: Iterable[Path]) -> bool:
    """Whether they are, together."""
    return sum(path.stat().st_size for path in paths) <= SMALL_BYTES


@contextmanager
def kept_duckdb() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to it, to ask about files."""
    with _kept(os.getpid()).cursor() as connection:
        yield connection


@contextmanager
def small_database() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to an empty database in it, which is gone afterwards."""
    name = f"small_{next(_numbers)}"
    with kept_duckdb() as connection:
        connection.execute(f"attach ':memory:' as {name}; use {name}")
        try:
            yield connection
        finally:
            connection.execute(f"use memory; detach {name}")


@cache
def _kept(_process: int) -> duckdb.DuckDBPyConnection:
    """That of a process: one that was forked has lost the threads of its parent's."""
    kept = duckdb.connect()
    kept.execute(
        f"set memory_limit = '{MEMORY_LIMIT}'; set threads = 1; set temp_directory = ''; "
        "set enable_progress_bar = false"
    )
    return kept
