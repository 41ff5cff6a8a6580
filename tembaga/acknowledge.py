"""Acknowledge: tell each partner what became of its files, beside the inbox they came by.

    ack/00000017_SALES_20260301.csv.ack.csv     for programs
    ack/00000017_SALES_20260301.csv.ack.html    for people

The number is the file's, so a name that comes twice is answered twice. What is said, and in
whose words, is in `tembaga.answers`. When held lines of a file are taken up there is a second
answer about it, under the number of their uptake; when lines are withdrawn because they are
missing from it, there is another one, under the number of the withdrawals.
"""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from paramiko import SFTPClient
from sqlalchemy import Engine, Row, select

from tembaga.agreements import Agreement
from tembaga.answers import Answer, Kind, as_csv, as_html
from tembaga.drop_zone import deliver
from tembaga.landing import folder_of, is_plain
from tembaga.register.tables import files
from tembaga.rulepack import load_programme
from tembaga.settings import Settings
from tembaga.withdrawing import hides_lines

log = logging.getLogger(__name__)

FOUND = ("rejects.parquet", "findings.parquet")
NAME_BYTES_MAX = 200  # Of the 255 that a name may have, beside the number and the endings.


def acknowledge(
    sftp: SFTPClient,
    engine: Engine,
    file_nos: Iterable[int],
    *,
    agreements: Mapping[str, Agreement],
    settings: Settings,
    now: datetime,
) -> None:
    """Answer each of these files that is refused or loaded and was not answered yet.

    A second call says nothing twice; one after a crash writes the same answer over itself.
    Whoever has no agreement gets no answer: we do not know what language they read.
    """
    programme = load_programme(settings.campaigns)
    zone = ZoneInfo(programme.time_zone)
    with engine.connect() as register:
        waiting = register.execute(
            select(files)
            .where(
                files.c.file_no.in_(list(file_nos)),
                files.c.partner.in_(list(agreements)),
                files.c.state.in_(("refused", "loaded")),
                files.c.answered_at.is_(None),
            )
            .order_by(files.c.file_no)
        ).all()
    for file in waiting:
        folder = folder_of(settings.landing, file.partner, file.file_no)
        found = [folder / name for name in FOUND] if file.state == "loaded" else []
        answer = Answer(
            file=_told_of(engine, file),
            kind=_kind_of(file, folder),
            agreement=agreements[file.partner],
            programme=programme,
            time_zone=zone,
            found=[path for path in found if path.exists()],
        )
        _deliver(sftp, file, answer)
        with engine.begin() as register:
            register.execute(
                files.update().where(files.c.file_no == file.file_no).values(answered_at=now)
            )
    log.info("%d files answered", len(waiting))


def name_of(file: Row[Any], ending: str) -> str:
    """The name of an answer. A name from outside that is not plain is left out of it."""
    name = file.name.encode()[:NAME_BYTES_MAX].decode(errors="ignore")
    stem = f"{file.file_no:08d}_{name}" if is_plain(file.name) else f"{file.file_no:08d}"
    return f"{stem}.ack.{ending}"


def _kind_of(file: Row[Any], folder: Path) -> Kind:
    """What an answer tells of besides what came in."""
    if file.takes_up_file_no is not None:
        return "taken_up"
    if file.withdraws_for_file_no is not None:
        return "withdrawn"
    return "not_withdrawn" if file.replaces_file_nos and hides_lines(folder) else "received"


def _told_of(engine: Engine, file: Row[Any]) -> Row[Any]:
    """The file that an answer is about: of a file of ours, the one that it belongs to."""
    of = file.takes_up_file_no or file.withdraws_for_file_no
    if of is None:
        return file
    with engine.connect() as register:
        return register.execute(select(files).where(files.c.file_no == of)).one()


def _deliver(sftp: SFTPClient, file: Row[Any], answer: Answer) -> None:
    folder = f"/{file.partner}/ack"
    deliver(sftp, folder, name_of(file, "csv"), as_csv(answer))
    deliver(sftp, folder, name_of(file, "html"), as_html(answer))
