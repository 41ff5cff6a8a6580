"""The file plane: the DuckDB in which one file is judged alone. It is gone afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from tembaga.reading import quoted

MEMORY_LIMIT = "500MB"  # What does not fit goes to the disk.
SMALL_BYTES = 4 * 1024**2  # A file of at most so many, as it came, is judged in memory.


@contextmanager
def file_plane(workspace: Path, original: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty database for a file; what it needs of the disk lies in the workspace."""
    is_small = original.stat().st_size <= SMALL_BYTES
    where = ":memory:" if is_small else str(workspace / "lines.duckdb")
    with duckdb.connect(where) as connection:
        connection.execute(
            f"set memory_limit = '{MEMORY_LIMIT}'; "
            f"set temp_directory = {quoted(str(workspace / 'spilled'))}; "
            "set enable_progress_bar = false"
        )
        if is_small:
            connection.execute("set threads = 1")  # The lines are one piece of work.
        yield connection
