"""Replay: the ledger once more, in an empty warehouse, from the landing and the register.

    for each recorded batch     load its files at the place where they were loaded
                                fill in what the register says it was made from
                                propose, audit and publish it
                                compare its head with the recorded one

A head binds every transfer of its batch and every batch before it. So where the heads are
equal the transfers follow from what was landed and recorded, and from nothing else. Then all
that the warehouse has kept beside them is held against what the replay has made.
The register and the real warehouse are only read.
"""

import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Row, select, text

from tembaga import parquet, post
from tembaga.inputs import InputFile, Inputs, kept_rulepack
from tembaga.landing import folder_of, original, sha256_of
from tembaga.load_rows import Arrival, load_rows
from tembaga.own_files import OF_SALES, UPTAKES
from tembaga.paper_rows import load_paper
from tembaga.plausible import Plausible
from tembaga.post import LawBrokenError
from tembaga.register.tables import batches
from tembaga.replay_rows import differences, last_batch_no
from tembaga.settings import Settings, load_settings
from tembaga.warehouse import claim_warehouse, has_table, open_warehouse, read_warehouse

log = logging.getLogger(__name__)

Say = Callable[[str], None]


class NotReplayableError(Exception):
    """What a replay needs is not there, or not as it was; the sentence says what and where."""


class ReplayDiffersError(Exception):
    """The ledger is not the replayed one; the sentence names the batch, or tables and rows."""


@dataclass(frozen=True)
class Recorded:
    """A published batch: what it was made from, and its head."""

    inputs: Inputs
    head: str


@dataclass(frozen=True)
class Load:
    """Sales files that were loaded together, after a batch of the ledger."""

    load_no: int
    after_batch_no: int
    arrivals: tuple[Arrival, ...]


def replay(
    engine: Engine,
    *,
    settings: Settings,
    into: Path | None = None,
    warehouse_url: str | None = None,
    say: Say = log.info,
) -> int:
    """Rebuild the ledger in an empty warehouse; returns how many batches were replayed.

    The warehouse is a DuckDB file in the folder `into`, or the empty PostgreSQL database at
    `warehouse_url`. Without `into` the folder is a passing one, and nothing is left of it.

    Raises:
        NotReplayableError: The warehouse is not empty, or a file or record is gone or changed.
        ReplayDiffersError: A batch came out otherwise, and the replay stops there; or the
            warehouse has kept a row that the replay has not made, or has lost one.
        RulePackLostError: A kept rule pack is gone or was changed.
    """
    recorded = _recorded(engine)
    with _folder(into) as folder:
        target = _target(settings, folder, warehouse_url)
        with claim_warehouse(target):
            _refuse_filled(target)
            loads = list(_loads(recorded, settings))
            for batch in recorded:
                while loads and loads[0].after_batch_no < batch.inputs.batch_no:
                    _load(loads.pop(0), target)
                _replay(batch, settings, target)
                say(f"batch {batch.inputs.batch_no} of {batch.inputs.as_of}: head {batch.head}")
            if recorded:
                _compare(settings, target, len(recorded), say)
    return len(recorded)


def _recorded(engine: Engine) -> list[Recorded]:
    """The published batches, in order, with what they were made from."""
    query = select(batches).where(batches.c.published_at.is_not(None)).order_by(batches.c.batch_no)
    with engine.connect() as register:
        return [_recorded_batch(batch) for batch in register.execute(query)]


def _recorded_batch(batch: Row[Any]) -> Recorded:
    if batch.inputs is None:
        raise NotReplayableError(
            f"Batch {batch.batch_no} was posted before the register recorded what a batch is "
            "made from, so it cannot be replayed."
        )
    inputs = Inputs.model_validate(batch.inputs)
    columns = (batch.batch_no, batch.as_of, batch.manifest_sha256, batch.rulepack_sha256)
    if columns != (inputs.batch_no, inputs.as_of, inputs.manifest_sha256, inputs.rulepack_sha256):
        raise NotReplayableError(
            f"What the register says batch {batch.batch_no} was made from was changed: it does "
            f"not give the manifest {batch.manifest_sha256} any more."
        )
    return Recorded(inputs, batch.head)


@contextmanager
def _folder(into: Path | None) -> Iterator[Path]:
    if into is not None:
        into.mkdir(parents=True, exist_ok=True)
        yield into
        return
    with tempfile.TemporaryDirectory(prefix="tembaga-replay-") as folder:
        yield Path(folder)


def _target(settings: Settings, folder: Path, warehouse_url: str | None) -> Settings:
    """The same settings, with the warehouse of the replay."""
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    engine = "postgres" if warehouse_url else "duckdb"
    given |= {"home": folder, "warehouse": engine, "warehouse_url": warehouse_url}
    return load_settings(**given)


def _refuse_filled(target: Settings) -> None:
    """A replay begins with nothing, and writes over nothing."""
    with read_warehouse(target) as connection:
        is_filled = has_table(connection, "raw", "batch")
    if is_filled or target.warehouse_file.exists():
        raise NotReplayableError(
            "The warehouse to replay into is not empty. Give an empty folder or database."
        )


def _loads(recorded: Sequence[Recorded], settings: Settings) -> Iterator[Load]:
    """The loads of the sales files of these batches, in the order in which they were made."""
    sales = [
        (file, _arrival(file, batch.inputs, settings))
        for batch in recorded
        for file in batch.inputs.files
        if file.feed in OF_SALES
    ]
    sales.sort(key=lambda each: (each[0].load_no, each[0].file_no))
    for load_no, together in groupby(sales, key=lambda each: each[0].load_no):
        files, arrivals = zip(*together, strict=True)
        yield Load(load_no, max(file.loaded_after_batch_no for file in files), arrivals)


def _arrival(file: InputFile, inputs: Inputs, settings: Settings) -> Arrival:
    """A file of a batch, when its bytes and its rows are found to be what they were."""
    partner_nos = {partner.partner: partner.partner_no for partner in inputs.partners}
    rows = _proved_rows(file, settings)
    if file.load_no is None or file.currency is None or file.partner not in partner_nos:
        raise NotReplayableError(
            f"The register does not say how file {file.file_no} of batch {inputs.batch_no} was "
            "loaded, so the batch cannot be replayed."
        )
    return Arrival(
        file.file_no,
        partner_nos[file.partner],
        file.currency,
        rows,
        parquet.count(rows),
        is_uptake=file.feed == UPTAKES,
        plausible=Plausible.model_validate(file.plausible or {}),
        replaces=file.replaces_file_nos or (),
    )


def _proved_rows(file: InputFile, settings: Settings) -> Path:
    """The rows of a file, after its bytes and they were held against their digests."""
    rows = folder_of(settings.landing, file.partner, file.file_no) / "rows.parquet"
    landed = original(settings.landing, file.partner, file.file_no, file.name)
    for path, sha256 in ((landed, file.sha256), (rows, file.rows_sha256)):
        if not path.exists():
            raise NotReplayableError(
                f"File {file.file_no}: {path} is gone from the landing. "
                f"Put it back from a backup; its SHA-256 is {sha256}."
            )
        if (found := sha256_of(path)) != sha256:
            raise NotReplayableError(
                f"File {file.file_no}: {path} is not what was landed: its SHA-256 is {found}, "
                f"and the register has {sha256}. Put it back from a backup."
            )
    return rows


def _load(load: Load, target: Settings) -> None:
    with open_warehouse(target) as connection:
        load_rows(connection, load.arrivals)


def _replay(batch: Recorded, settings: Settings, target: Settings) -> None:
    """Make a batch once more.

    Raises:
        ReplayDiffersError: Its head is not the recorded one.
    """
    inputs = batch.inputs
    rulepack = kept_rulepack(settings.landing, inputs.rulepack_sha256)
    papers = [
        (file, _proved_rows(file, settings)) for file in inputs.files if file.feed not in OF_SALES
    ]
    with open_warehouse(target) as connection:
        for file, rows in papers:
            load_paper(connection, file.feed, file.file_no, rows)
    try:
        found = "no batch"
        if post.propose(inputs, rulepack, settings=target):
            post.publish(target)
            found = f"head {_head(inputs.batch_no, target)}"
    except LawBrokenError as error:
        raise ReplayDiffersError(
            f"Batch {inputs.batch_no} is recorded with head {batch.head}, and in the replay it "
            f"breaks a law: {error}"
        ) from error
    if found != f"head {batch.head}":
        raise ReplayDiffersError(
            f"Batch {inputs.batch_no} is recorded with head {batch.head}, and the replay found "
            f"{found}. Every batch before it came out as recorded."
        )


def _compare(settings: Settings, target: Settings, n_batches: int, say: Say) -> None:
    """Hold every row that the warehouse has kept against the replay's.

    Raises:
        ReplayDiffersError: One has no equal on the other side.
    """
    last = last_batch_no(settings)
    if last != n_batches:
        say(
            "The rows of the warehouse were not compared: "
            + ("there is none." if last is None else f"it stands at batch {last}. Replay again.")
        )
        return
    n_rows, found = differences(settings, target)
    if found:
        raise ReplayDiffersError(
            "Every head equals the recorded one, but the warehouse has not kept what the replay "
            f"made. {'. '.join(map(str, found))}. docs/runbooks/verify_ledger.md says what to do."
        )
    say(f"rows of the warehouse compared: {n_rows:,}; each as it was replayed")


def _head(batch_no: int, target: Settings) -> str:
    query = text("select head from ledger.batches where batch_no = :batch_no")
    with read_warehouse(target) as connection:
        return str(connection.execute(query, {"batch_no": batch_no}).scalar_one())
