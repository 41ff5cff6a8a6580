"""Held: which lines wait in the landing, as what, and for what.

    <file>/held.parquet      lines that validation has held for a cause of ours, typed
    <file>/rejects.parquet   why
    <uptake>/rows.parquet    lines of that file that were taken up since

An uptake is a file that we make ourselves: lines of one file that had been held, loaded later
under a number of the uptake's own. The last word on a line is that of the newest file that has
it, so a line that was taken up does not wait any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tembaga.reading import quoted

LINE = (
    "line_no, document, document_date, line_ref, advocate, outlet, sku, quantity_e4, amount_e4, "
    "returns_document, unit, tax_basis, action, version, second_advocate, line_key, content_key"
)

WORDS = """
create table words as
select by_file_no, of_file_no, line_no, code from {rejects} where outcome = 'held'
"""

WAITING = """
create table waiting as
select row_number() over (order by of_file_no, line_no) as place, *
from (
    select *
    from ({lines})
    qualify by_file_no = max(by_file_no) over (partition by of_file_no, line_no)
)
semi join words using (by_file_no, of_file_no, line_no)
"""

REASONS = """
create table reasons as
select distinct waiting.place, words.code
from waiting
inner join words using (by_file_no, of_file_no, line_no)
"""


@dataclass(frozen=True)
class Kept:
    """The folder of a file in the landing, and the file whose lines it has."""

    file_no: int
    of_file_no: int
    folder: Path


def find_waiting(
    connection: duckdb.DuckDBPyConnection, origins: Sequence[Kept], uptakes: Sequence[Kept]
) -> int:
    """Make the tables `waiting`, a row for each line that waits, and `reasons`; how many wait.

    `waiting` has a `place` for each line, the file that it is of (`of_file_no`), and all that a
    loaded line has; `reasons` says for each place by which codes it is held.
    """
    origins = [kept for kept in origins if (kept.folder / "held.parquet").exists()]
    if not origins:
        return 0
    sources = [_of("held.parquet", origins), *([_of("rows.parquet", uptakes)] if uptakes else [])]
    chosen = [f"select by_file_no, of_file_no, {LINE} from {source}" for source in sources]
    connection.execute(WORDS.format(rejects=_of("rejects.parquet", origins)))
    connection.execute(WAITING.format(lines=" union all by name ".join(chosen)))
    connection.execute(REASONS)
    ((found,),) = connection.execute("select count(*) from waiting").fetchall()
    return int(found)


def _of(name: str, files: Sequence[Kept]) -> str:
    """SQL for the rows of the files of this name, with whose they are."""
    paths = [quoted(str(kept.folder / name)) for kept in files]
    numbers = (
        f"({path}, {kept.file_no}, {kept.of_file_no})"
        for path, kept in zip(paths, files, strict=True)
    )
    return (
        "(select rows.* exclude (filename), kept.by_file_no, kept.of_file_no "
        f"from (select * {_WITHOUT.get(name, '')} "
        f"from read_parquet([{', '.join(paths)}], filename = true, union_by_name = true)) as rows "
        f"inner join (values {', '.join(numbers)}) as kept (path, by_file_no, of_file_no) "
        "on rows.filename = kept.path)"
    )


_WITHOUT = {"rows.parquet": "exclude (of_file_no, decision)"}  # They say it of themselves, too.
