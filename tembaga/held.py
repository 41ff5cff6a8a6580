"""Held: which lines wait in the landing, as what, and for what.

    <file>/held.parquet        lines that validation has held for us or for a person, typed
    <file>/rejects.parquet     why
    <file>/findings.parquet    lines that loading has held for a person, and why
    <uptake>/…                 lines of that file that were taken up since, as of any file

An uptake is a file that we make ourselves: lines of one file that had been held, loaded later
under a number of the uptake's own. The last word on a line is that of the newest file that has
it: a line that was taken up waits only if loading held it again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import Connection, Row, func, select

from expectations.codes import WAITS_FOR_A_PERSON
from tembaga.formulas import harmless
from tembaga.landing import folder_of
from tembaga.reading import quoted
from tembaga.register.tables import files, releases
from tembaga.settings import Settings

MEMORY_LIMIT = "500MB"  # Of DuckDB; what does not fit goes to the disk.
LINE = (
    "line_no", "document", "document_date", "line_ref", "advocate", "outlet", "sku",
    "quantity_e4", "amount_e4", "returns_document", "unit", "tax_basis", "action", "version",
    "second_advocate", "line_key", "content_key",
)  # fmt: skip
WORD = ("line_no", "outcome", "code", "field", "seen")
PERSON = ", ".join(map(quoted, sorted(WAITS_FOR_A_PERSON)))

WORDS = f"""
create table words as
select by_file_no, of_file_no, line_no, code, field, seen
from ({{told}})
where outcome = 'held' and (is_of_file or code in ({PERSON}))
"""

WAITING = """
create table waiting as
select row_number() over (order by of_file_no, line_no) as place, * exclude (is_of_file)
from (
    select *
    from ({lines})
    qualify by_file_no = max(by_file_no) over (partition by of_file_no, line_no)
)
semi join words using (by_file_no, of_file_no, line_no)
"""

REASONS = """
create table reasons as
select waiting.place, words.code, words.field, words.seen
from waiting
inner join words using (by_file_no, of_file_no, line_no)
"""

DECISIONS = """
create table decisions as
select
    unnest(cast($1 as integer[])) as of_file_no,
    unnest(cast($2 as integer[])) as line_no,
    unnest(cast($3 as varchar[])) as decision
"""

FOR_A_PERSON = f"""
select distinct of_file_no, line_no
from waiting
inner join reasons using (place)
anti join decisions using (of_file_no, line_no)
where code in ({PERSON})
"""


TO_BE_SEEN = f"""
select
    waiting.of_file_no,
    waiting.line_no,
    reasons.code,
    waiting.document_date,
    cast(waiting.amount_e4 * cast(0.0001 as decimal(5, 4)) as decimal(38, 4)),
    reasons.seen,
    waiting.document,
    waiting.advocate
from waiting
inner join reasons using (place)
anti join decisions using (of_file_no, line_no)
where reasons.code in ({PERSON})
order by 1, 2, 3
"""


@dataclass(frozen=True)
class Kept:
    """The folder of a file in the landing, and the file whose lines it has."""

    file_no: int
    of_file_no: int
    folder: Path

    def has(self, name: str) -> bool:
        """Whether a file of this name lies there."""
        return (self.folder / name).exists()


def with_held_lines(register: Connection) -> Sequence[Row[Any]]:
    """The loaded sales files of which lines are held, and that no other stands in place of."""
    later = files.alias()
    superseded = select(func.unnest(later.c.replaces_file_nos)).where(later.c.state == "loaded")
    found = register.execute(
        select(files)
        .where(
            files.c.feed == "sales",
            files.c.state == "loaded",
            files.c.lines_held > 0,
            files.c.file_no.not_in(superseded),
        )
        .order_by(files.c.file_no)
    ).all()
    register.rollback()
    return found


def find_waiting(
    connection: duckdb.DuckDBPyConnection,
    register: Connection,
    held: Sequence[Row[Any]],
    settings: Settings,
) -> int:
    """Find the lines of these files that wait; how many.

    Makes the tables
    `waiting`, with a `place` for each line, its file (`of_file_no`) and all that a loaded line has;
    `reasons`, by which codes each place is held, with the column and the value seen;
    `decisions`, what a person has said of lines.
    """
    connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
    uptakes = register.execute(
        select(files)
        .where(files.c.takes_up_file_no.in_([file.file_no for file in held]))
        .order_by(files.c.file_no)
    ).all()
    said = register.execute(
        select(releases.c.of_file_no, releases.c.of_line_no, releases.c.decision)
    ).all()
    register.rollback()
    columns = [list(column) for column in zip(*said, strict=True)] or [[], [], []]
    connection.execute(DECISIONS, columns)
    origins = [kept for kept in _kept(held, settings) if kept.has("held.parquet")]
    return _find(connection, origins, _kept(uptakes, settings)) if origins else 0


def for_a_person(register: Connection, *, settings: Settings) -> frozenset[tuple[int, int]]:
    """The lines, as file and line, that wait for a person who has not said anything yet."""
    with duckdb.connect() as connection:
        if not find_waiting(connection, register, with_held_lines(register), settings):
            return frozenset()
        return frozenset(
            (int(file_no), int(line_no))
            for file_no, line_no in connection.execute(FOR_A_PERSON).fetchall()
        )


def for_an_answer(register: Connection, *, settings: Settings) -> list[tuple[Any, ...]]:
    """What a person must know of each of them, one row for each reason.

    The line as file and line, its partner, the code, the value seen, the document with its day,
    the advocate and the amount. Text that a spreadsheet would run is made harmless.
    """
    held = with_held_lines(register)
    partners = {file.file_no: file.partner for file in held}
    with duckdb.connect() as connection:
        if not find_waiting(connection, register, held, settings):
            return []
        found = connection.execute(TO_BE_SEEN).fetchall()
    return [
        (file_no, line_no, partners[file_no], code, *map(harmless, said), day, amount)
        for file_no, line_no, code, day, amount, *said in found
    ]


def _kept(rows: Iterable[Row[Any]], settings: Settings) -> list[Kept]:
    return [
        Kept(
            file.file_no,
            file.takes_up_file_no or file.file_no,
            folder_of(settings.landing, file.partner, file.file_no),
        )
        for file in rows
    ]


def _find(
    connection: duckdb.DuckDBPyConnection, origins: Sequence[Kept], uptakes: Sequence[Kept]
) -> int:
    loaded = [kept for kept in (*origins, *uptakes) if kept.has("findings.parquet")]
    told = [_of("rejects.parquet", origins, WORD)]
    told += [_of("findings.parquet", loaded, WORD)] if loaded else []
    connection.execute(WORDS.format(told=" union all ".join(told)))
    doubting = {
        number
        for (number,) in connection.execute("select distinct by_file_no from words").fetchall()
    }
    lines = [_of("held.parquet", origins, LINE)]
    rows = [kept for kept in origins if kept.file_no in doubting] + list(uptakes)
    lines += [_of("rows.parquet", rows, LINE)] if rows else []
    connection.execute(WAITING.format(lines=" union all ".join(lines)))
    connection.execute(REASONS)
    ((found,),) = connection.execute("select count(*) from waiting").fetchall()
    return int(found)


def _of(name: str, kept: Sequence[Kept], columns: Sequence[str]) -> str:
    """SQL for these columns of the files of this name, with whose they are."""
    paths = [quoted(str(each.folder / name)) for each in kept]
    numbers = (
        f"({path}, {each.file_no}, {each.of_file_no})"
        for path, each in zip(paths, kept, strict=True)
    )
    chosen = ", ".join(f"rows.{column}" for column in columns)
    return (
        f"select kept.by_file_no, kept.of_file_no, {chosen}, "
        f"{quoted(name)} = 'rejects.parquet' as is_of_file "
        f"from read_parquet([{', '.join(paths)}], filename = true, union_by_name = true) as rows "
        f"inner join (values {', '.join(numbers)}) as kept (path, by_file_no, of_file_no) "
        "on rows.filename = kept.path"
    )
