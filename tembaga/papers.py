"""Papers: what the office writes down, and how it comes into the warehouse.

    tembaga submit FEED FILE  ->  landing/office/<file_no>/original/<name>
                                  landing/office/<file_no>/rows.parquet    ->  raw.<feed>

A paper is taken whole or not at all: one bad line refuses it, and each bad line gets its
sentence. It lands before it is looked at, so that a refused one can be shown, too. Killed at
any instant, the next `submit` or `post` finishes what has landed.
"""

import hashlib
import io
import logging
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Column, Connection, Engine, Row, func, insert, select, update

from expectations.office import OFFICE_CODES
from tembaga import warehouse
from tembaga.agreements import OFFICE
from tembaga.claims import requests_of
from tembaga.held import for_a_person
from tembaga.landing import folder_of, is_plain, land, original, sha256_of
from tembaga.paper_lines import (
    Adjustment,
    Claim,
    Fault,
    Known,
    Line,
    Paper,
    Payment,
    Release,
    Request,
    read,
)
from tembaga.paper_rows import load_paper, write_rows
from tembaga.refusal import FileRefused
from tembaga.register.locks import NUMBERING_LOCK, PAPERS_LOCK, one_at_a_time
from tembaga.register.tables import (
    advocates,
    approvals,
    batches,
    files,
    releases,
    voucher_batches,
)
from tembaga.rulepack import MINOR_UNITS, load_rulepack
from tembaga.settings import Settings
from tembaga.warehouse import WarehouseInUseError, has_table, open_warehouse, read_warehouse

log = logging.getLogger(__name__)

BYTES_MAX = 256 * 1024 * 1024
FAULTS_SHOWN_MAX = 50
IDS_AT_A_TIME = 10_000
OPEN_STATES = ("landed", "validated")


class PaperRefusedError(Exception):
    """A paper that is not taken; a sentence for each bad line says what to do."""


class PaperWaitsError(Exception):
    """A paper has landed and is not loaded yet; the sentence says when it will be."""


@dataclass(frozen=True)
class Submitted:
    """A paper that is loaded; `known` is what the register says of it if it came before."""

    file_no: int
    feed: str
    n_lines: int
    known: Row[Any] | None = None

    @property
    def says(self) -> str:
        """What came of it, in a sentence."""
        if self.known is not None:
            names = {"earlier_name": self.known.name, "earlier_file_no": self.file_no}
            return _sentence("DUPLICATE_FILE", **names)
        lines = "1 line" if self.n_lines == 1 else f"{self.n_lines:,} lines"
        then = "receive takes these lines up" if self.feed == "releases" else "post books it"
        return f"File {self.file_no} is loaded: {lines} of {self.feed}. The next {then}."


def submit(
    engine: Engine, feed: str, path: Path, *, settings: Settings, now: datetime
) -> Submitted:
    """Land a paper, look at it, and load it into the raw table of its feed.

    The same bytes a second time change nothing, unless they were refused before.

    Raises:
        PaperRefusedError: It cannot be read, or one of its lines cannot be taken.
        PaperWaitsError: It has landed, but the warehouse is in use.
    """
    data = _bytes(path)
    sha256 = hashlib.sha256(data).hexdigest()
    with engine.connect() as register, one_at_a_time(register, PAPERS_LOCK):
        _finish(register, settings)
        if earlier := _known_already(register, feed, sha256):
            return Submitted(earlier.file_no, feed, earlier.lines_in, known=earlier)
        file_no = _land(register, feed, path.name, data, sha256, settings, now)
        n_lines = _take_on(register, file_no, settings)
        return Submitted(file_no, feed, n_lines)


def finish(engine: Engine, *, settings: Settings) -> None:
    """Load every paper that has landed; one that must be refused is refused, and logged.

    Raises:
        PaperWaitsError: The warehouse is in use.
    """
    with engine.connect() as register, one_at_a_time(register, PAPERS_LOCK):
        _finish(register, settings)


def refusal(file: Row[Any]) -> str:
    """What is wrong with a refused paper: a sentence for the file, and one for each bad line."""
    detail = dict(file.detail)
    faults = [Fault(**fault) for fault in detail.pop("faults", [])]
    said = [f"{file.name} was refused as file {file.file_no}; nothing of it was taken."]
    said.append(_sentence(file.code, **detail))
    said += [_line_sentence(fault) for fault in faults]
    if (more := detail.get("bad_lines", 0) - len(faults)) > 0:
        said.append(f"… and {more} more such lines.")
    return "\n".join(said)


def _sentence(code: str, **detail: Any) -> str:
    words = OFFICE_CODES[code]
    return f"{code}: {words.says}; {words.hint}.".format(**detail)


def _line_sentence(fault: Fault) -> str:
    words = OFFICE_CODES[fault.code]
    where = f"line {fault.line_no}: {fault.code}: {fault.column} “{fault.seen}”"
    return f"{where}: {words.says}; {words.hint}."


def _bytes(path: Path) -> bytes:
    """The bytes of a paper.

    Raises:
        PaperRefusedError: It cannot be read, or is no file that could land.
    """
    try:
        with path.open("rb") as file:
            data = file.read(BYTES_MAX + 1)
    except OSError as error:
        raise PaperRefusedError(f"{path} cannot be read: {error.strerror}.") from error
    if len(data) > BYTES_MAX:
        size = {"size_bytes": max(len(data), path.stat().st_size), "limit_bytes": BYTES_MAX}
        raise PaperRefusedError(_sentence("E_FILE_TOO_LARGE", **size))
    if not is_plain(path.name):
        raise PaperRefusedError(_sentence("E_FILE_NAME"))
    return data


def _known_already(register: Connection, feed: str, sha256: str) -> Row[Any] | None:
    earlier = register.execute(
        select(files)
        .where(
            files.c.partner == OFFICE,
            files.c.feed == feed,
            files.c.sha256 == sha256,
            files.c.state != "refused",
        )
        .order_by(files.c.file_no)
        .limit(1)
    ).one_or_none()
    register.rollback()
    return earlier


def _land(
    register: Connection,
    feed: str,
    name: str,
    data: bytes,
    sha256: str,
    settings: Settings,
    now: datetime,
) -> int:
    """Bring the bytes into the landing and the file into the register, under its number."""
    register.execute(select(func.pg_advisory_xact_lock(NUMBERING_LOCK)))
    file_no: int = register.scalars(select(func.coalesce(func.max(files.c.file_no), 0) + 1)).one()
    folder = folder_of(settings.landing, OFFICE, file_no)
    if folder.exists():  # Left by a kill before its number was given.
        shutil.rmtree(folder)
    path = original(settings.landing, OFFICE, file_no, name)
    land(io.BytesIO(data), path, size_bytes=len(data), is_unchanged=lambda: True)
    register.execute(
        insert(files).values(
            file_no=file_no,
            partner=OFFICE,
            feed=feed,
            name=name,
            size_bytes=len(data),
            modified_at=now,
            seen_at=now,
            state="landed",
            sha256=sha256,
        )
    )
    register.commit()
    return file_no


def _finish(register: Connection, settings: Settings) -> None:
    waiting: Sequence[int] = register.scalars(
        select(files.c.file_no)
        .where(files.c.partner == OFFICE, files.c.state.in_(OPEN_STATES))
        .order_by(files.c.file_no)
    ).all()
    register.rollback()
    for file_no in waiting:
        try:
            _take_on(register, file_no, settings)
        except PaperRefusedError as error:
            log.warning("%s", error)


def _take_on(register: Connection, file_no: int, settings: Settings) -> int:
    """Look at a paper that has landed, and load it; returns how many lines it has.

    Raises:
        PaperRefusedError: One of its lines cannot be taken.
        PaperWaitsError: The warehouse is in use.
    """
    try:
        file = _file(register, file_no)
        if file.state == "landed":
            _look_at(register, file, settings)
        file = _file(register, file_no)
        if file.state == "refused":
            raise PaperRefusedError(refusal(file))
        rows = folder_of(settings.landing, OFFICE, file_no) / "rows.parquet"
        with open_warehouse(settings) as connection:
            load_paper(connection, file.feed, file_no, rows)
    except WarehouseInUseError as error:
        raise PaperWaitsError(
            f"File {file_no} has landed, but the warehouse is in use by another process. "
            "The next `tembaga submit` or `tembaga post` loads it."
        ) from error
    register.execute(update(files).where(files.c.file_no == file_no).values(state="loaded"))
    register.commit()
    log.info("file %d of %s is loaded", file_no, file.feed)
    return int(file.lines_in)


def _file(register: Connection, file_no: int) -> Row[Any]:
    file = register.execute(select(files).where(files.c.file_no == file_no)).one()
    register.rollback()
    return file


def _look_at(register: Connection, file: Row[Any], settings: Settings) -> None:
    """Validate the paper, write its rows beside it, and give numbers to what was approved."""
    path = original(settings.landing, OFFICE, file.file_no, file.name)
    rulepack = load_rulepack(settings.campaigns)
    zone = ZoneInfo(rulepack.programme.time_zone)
    received_on = file.seen_at.astimezone(zone).date()
    known = Known(
        latest_on=received_on + timedelta(days=1),
        zone=zone,
        two_approve_above=rulepack.programme.adjustments.two_approve_above,
        advocates=_enrolled(register),
        rewards=frozenset(reward.reward for reward in rulepack.catalogue.rewards),
        batch_nos=_published(register),
        received_on=received_on,
        merchants=_merchants(register) | {r.merchant for r in rulepack.catalogue.rewards},
        minor_digits=MINOR_UNITS[rulepack.programme.currency],
        waiting=for_a_person(register, settings=settings)
        if file.feed == "releases"
        else frozenset(),
    )
    try:
        paper = read(path.read_bytes(), file.feed, known)
        faults = paper.faults + _used_before(paper, settings)
        if faults:
            raise _refused(paper, faults)
    except FileRefused as refused:
        register.rollback()
        values: dict[str, Any] = {
            "state": "refused",
            "code": refused.code,
            "detail": refused.detail,
        }
    else:
        numbers = _approve(register, file, paper.lines)
        numbers |= _claimed(register, paper.lines, settings)
        _decide(register, file, paper.lines)
        rows = [
            {"file_no": file.file_no, "line_no": line_no, **numbers.get(line_no, {})}
            | line.row(known)
            for line_no, line in paper.lines.items()
        ]
        to = folder_of(settings.landing, OFFICE, file.file_no) / "rows.parquet"
        write_rows(file.feed, rows, to)
        values = {"state": "validated", "rows_sha256": sha256_of(to)}
        values |= {"lines_in": paper.n_lines, "lines_accepted": paper.n_lines}
        values |= dict.fromkeys(("lines_duplicate", "lines_held", "lines_rejected"), 0)
    register.execute(update(files).where(files.c.file_no == file.file_no).values(values))
    register.commit()


def _merchants(register: Connection) -> frozenset[str]:
    """The merchants who were ever sent vouchers; those of the catalogue may be sent some."""
    return frozenset(register.scalars(select(voucher_batches.c.merchant).distinct()))


def _enrolled(register: Connection) -> frozenset[str] | None:
    return frozenset(register.scalars(select(advocates.c.advocate))) or None


def _published(register: Connection) -> frozenset[int]:
    published = batches.c.published_at.is_not(None)
    return frozenset(register.scalars(select(batches.c.batch_no).where(published)))


def _used_before(paper: Paper, settings: Settings) -> list[Fault]:
    """The requests and payments whose name an earlier paper has used."""
    requests = {
        line.request_id: line_no
        for line_no, line in paper.lines.items()
        if isinstance(line, Request)
    }
    payments = {
        line.reference: line_no
        for line_no, line in paper.lines.items()
        if isinstance(line, Payment)
    }
    return [
        *_known_names(requests, warehouse.requests.c.request_id, "E_REQUEST_TWICE", settings),
        *_known_names(payments, warehouse.payments.c.reference, "E_PAYMENT_TWICE", settings),
    ]


def _known_names(
    names: dict[str, int], column: Column[str], code: str, settings: Settings
) -> list[Fault]:
    """A fault for each name that stands in the raw table already; `names` has their lines."""
    if not names:
        return []
    used: set[str] = set()
    with read_warehouse(settings) as connection:
        if not has_table(connection, "raw", column.table.name):
            return []
        for some in _chunks(list(names)):
            used.update(connection.scalars(select(column).where(column.in_(some))))
    return [Fault(names[name], code, column.name, name) for name in used]


def _chunks(names: list[str]) -> Iterable[list[str]]:
    return (names[at : at + IDS_AT_A_TIME] for at in range(0, len(names), IDS_AT_A_TIME))


def _refused(paper: Paper, faults: list[Fault]) -> FileRefused:
    shown = sorted(faults, key=lambda fault: fault.line_no)[:FAULTS_SHOWN_MAX]
    refused = FileRefused("E_FILE_LINES", bad_lines=len(faults), lines=paper.n_lines)
    refused.detail["faults"] = [asdict(fault) for fault in shown]  # type: ignore[assignment]  # For the register alone.
    return refused


def _approve(
    register: Connection, file: Row[Any], lines: dict[int, Line]
) -> dict[int, dict[str, int | None]]:
    """Write down who approved what; gives the number of each approval by its line."""
    last: int = register.scalars(select(func.coalesce(func.max(approvals.c.approval_no), 0))).one()
    rows = [
        {
            "approval_no": approval_no,
            "file_no": file.file_no,
            "line_no": line_no,
            "maker": line.maker,
            "approver": line.approver,
            "second_approver": line.second_approver,
            "reason": line.reason,
            "points": line.points,
            "advocate": line.advocate,
            "content_sha256": content_sha256(line),
            "approved_at": file.seen_at,
        }
        for approval_no, (line_no, line) in enumerate(lines.items(), last + 1)
        if isinstance(line, Adjustment)
    ]
    if rows:
        register.execute(insert(approvals), rows)
    return {row["line_no"]: {"approval_no": row["approval_no"]} for row in rows}


def _decide(register: Connection, file: Row[Any], lines: dict[int, Line]) -> None:
    """Write down what was said of held lines, by whom and why; the next load goes by it."""
    rows = [
        {"file_no": file.file_no, "line_no": line_no, "decided_at": file.seen_at}
        | line.model_dump()
        for line_no, line in lines.items()
        if isinstance(line, Release)
    ]
    if rows:
        register.execute(insert(releases), rows)


def _claimed(
    register: Connection, lines: dict[int, Line], settings: Settings
) -> dict[int, dict[str, int | None]]:
    """The request of each claimed voucher, by the line of its claim."""
    codes = {line_no: line.code for line_no, line in lines.items() if isinstance(line, Claim)}
    request_nos = requests_of(register, codes, settings=settings)
    return {line_no: {"request_no": number} for line_no, number in request_nos.items()}


def content_sha256(line: Adjustment) -> str:
    """The digest of what was approved: every word of the line, in the order of its columns."""
    words = ("" if word is None else str(word) for word in line.model_dump().values())
    return hashlib.sha256("\x1f".join(words).encode()).hexdigest()
