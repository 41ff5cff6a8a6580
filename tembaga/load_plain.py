"""Load plain: the accepted lines of plain feeds take effect, file by file, by `file_no`.

    rows.parquet ──what is known by now──▶ findings.parquet   lines that do not hold against it
        └──▶ the raw table of the feed, and for those who are enrolled the register

Findings are made before anything is kept, and kept before the register says `loaded`: killed at
any instant, the next load does the same once more.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import Connection, Row, select

from tembaga.agreements import Agreement
from tembaga.judging_plain import JUDGES, Finding, judge_plain, write_findings
from tembaga.landing import folder_of, sha256_of
from tembaga.paper_rows import load_paper, unload_paper
from tembaga.plain_feeds import PLAIN_FEEDS
from tembaga.reading import quoted
from tembaga.register.tables import files
from tembaga.settings import Settings
from tembaga.warehouse import open_warehouse

FEEDS = tuple(feed.name for feed in PLAIN_FEEDS)


def load_plain(
    register: Connection, *, agreements: dict[str, Agreement], settings: Settings
) -> list[int]:
    """Load every validated file of a plain feed that is not loaded yet; their numbers.

    All of them are loaded or none. A second call, or one after a crash, loads nothing twice.
    """
    waiting = register.execute(
        select(files)
        .where(
            files.c.state == "validated",
            files.c.feed.in_(FEEDS),
            files.c.partner.in_(list(agreements)),
        )
        .order_by(files.c.file_no)
    ).all()
    if waiting:
        with open_warehouse(settings) as warehouse:
            for file in waiting:  # What a load that was killed has left is not met as history.
                unload_paper(warehouse, file.feed, file.file_no)
            found = {file.file_no: _load(register, warehouse, file, settings) for file in waiting}
        for file in waiting:
            _record(register, file, found[file.file_no], settings)
    register.commit()
    return [file.file_no for file in waiting]


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a file as validation has left them, by line."""
    with duckdb.connect() as connection:
        result = connection.execute(f"from read_parquet({quoted(str(path))}) order by line_no")
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _load(
    register: Connection, warehouse: Connection, file: Row[Any], settings: Settings
) -> list[Finding]:
    """Judge a file and put what holds into the warehouse; what does not is written beside it."""
    rows = _rows(file, settings)
    found = judge_plain(register, warehouse, file, read_rows(rows)) if file.feed in JUDGES else []
    write_findings(found, rows.with_name("findings.parquet"))
    load_paper(warehouse, file.feed, file.file_no, rows)
    return found


def _rows(file: Row[Any], settings: Settings) -> Path:
    return folder_of(settings.landing, file.partner, file.file_no) / "rows.parquet"


def _record(
    register: Connection, file: Row[Any], found: Sequence[Finding], settings: Settings
) -> None:
    """Move the lines that did not hold from accepted to what they are, and note the loading."""
    values: dict[str, Any] = {"state": "loaded", "rows_sha256": sha256_of(_rows(file, settings))}
    values["lines_accepted"] = file.lines_accepted - len(found)
    for outcome in ("duplicate", "rejected"):
        moved = sum(finding.outcome == outcome for finding in found)
        values[f"lines_{outcome}"] = getattr(file, f"lines_{outcome}") + moved
    register.execute(files.update().where(files.c.file_no == file.file_no).values(values))
