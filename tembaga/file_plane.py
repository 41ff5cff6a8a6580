"""The file plane: the DuckDB in which one file is judged alone. It is gone afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from tembaga.feeds import Feed
from tembaga.reading import COPY, quoted
from tembaga.small_files import are_small, small_database

MEMORY_LIMIT = "500MB"  # What does not fit goes to the disk.


@contextmanager
def file_plane(
    original: Path, feed: Feed, *, workspace: Path
) -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty database for a file; what it needs of the disk lies in the workspace."""
    is_as_it_came = feed.format in COPY and feed.packing == "none" and feed.encryption == "none"
    if is_as_it_came and are_small([original]):
        with small_database() as connection:
            yield connection
        return
    with duckdb.connect(str(workspace / "lines.duckdb")) as connection:
        connection.execute(
            f"set memory_limit = '{MEMORY_LIMIT}'; "
            f"set temp_directory = {quoted(str(workspace / 'spilled'))}; "
            "set enable_progress_bar = false"
        )
        yield connection
