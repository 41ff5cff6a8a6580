"""One month of the demo: its files are dropped, and every stage that follows is watched."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from tembaga.demo.delivery import client_name, drop
from tembaga.demo.programme import DroppedFile
from tembaga.embedded.airflow_api import AirflowApi, Run
from tembaga.embedded.airflow_rest import AirflowRefusedError
from tembaga.report import Figures, figures
from tembaga.settings import Settings

FIRST_DAG = "receive_files"
SECONDS_MAX = 600.0
AGAIN_SECONDS = 2.0

Say = Callable[[str], None]


class StageFailedError(Exception):
    """A run of a DAG failed; the sentence names its tasks and where their logs are."""


def drop_files(files: list[DroppedFile], *, settings: Settings, say: Say) -> None:
    """Send the files as each partner does, with its own account and key."""
    began = time.monotonic()
    partners = []
    for partner, sent in groupby(files, key=lambda file: file.partner):
        drop([file.path for file in sent], partner=partner, settings=settings)
        partners.append(partner)
    say(
        f"{'drop':<16} {len(files)} files from {', '.join(partners)} "
        f"by {client_name()} {_seconds(time.monotonic() - began)}"
    )


@dataclass(frozen=True)
class Watched:
    """A running Airflow, and where its tasks' logs lie."""

    api: AirflowApi
    logs: Path
    is_patient: bool = False  # Whether what it stands on may stop for a while and come back.


def run_stages(as_of: date, *, airflow: Watched, engine: Engine, say: Say) -> None:
    """Start the first stage as of a day, and tell of each stage that comes of it as it ends.

    Raises:
        StageFailedError: A stage failed; the others are told of first.
        RunTimedOutError: They had not ended after `SECONDS_MAX`.
    """
    api = airflow.api
    teller = _Teller(api, engine, say, since=datetime.now(UTC), told=[], known=figures(engine))
    api.trigger(FIRST_DAG, {"as_of": as_of.isoformat()})
    _watch(teller, airflow)
    if failed := [run for run in teller.told if run.state == "failed"]:
        raise StageFailedError(_what_failed(failed, airflow))
    if len(teller.told) == 1:
        say("No new sales were loaded: no further stage was called for.")


def _watch(teller: "_Teller", airflow: Watched) -> None:
    """Tell of all until it is quiet; if patient, also past a database that was away."""
    deadline = time.monotonic() + SECONDS_MAX
    while True:
        try:
            airflow.api.wait_until_quiet(seconds=SECONDS_MAX, progress=lambda _: teller.tell())
            teller.tell()
        except (AirflowRefusedError, OperationalError) as error:
            if not airflow.is_patient or time.monotonic() > deadline:
                raise
            teller.say(f"[dim]waiting, for now there is no answer ({type(error).__name__})[/]")
            time.sleep(AGAIN_SECONDS)
        else:
            return


@dataclass
class _Teller:
    """Tells once of each run that has ended, and what it has added to the register."""

    api: AirflowApi
    engine: Engine
    say: Say
    since: datetime
    told: list[Run]
    known: Figures

    def tell(self) -> None:
        """Tell of the runs that have ended since the last call."""
        known = {run.run_id for run in self.told}
        ended = [run for run in self.api.runs(after=self.since) if run.ended]
        for run in sorted(ended, key=_end):
            if run.run_id not in known:
                self._tell_of(run)
                self.told.append(run)

    def _tell_of(self, run: Run) -> None:
        now = figures(self.engine)
        added, self.known = now - self.known, now
        what = _what_came_of(run.dag_id, added) if run.state == "success" else "[red]failed[/]"
        started = run.started_at or _end(run)
        self.say(f"{run.dag_id:<16} {what} {_seconds((_end(run) - started).total_seconds())}")


def _what_came_of(dag_id: str, added: Figures) -> str:
    match dag_id:
        case "receive_files":
            return (
                f"{added.files} files: {added.loaded} loaded, {added.refused} refused, "
                f"{added.known_already} known already"
            )
        case "post_ledger":
            return f"{added.transfers:,} transfers posted"
        case "issue_vouchers":
            return f"{added.vouchers} vouchers issued, {added.transfers:,} transfers posted"
        case "send_statements":
            return f"{added.statements} statements mailed"
    return "done"


def _end(run: Run) -> datetime:
    return run.ended_at or datetime.max.replace(tzinfo=UTC)


def _seconds(seconds: float) -> str:
    return f"[dim]({seconds:.1f} s)[/]"


def _what_failed(failed: list[Run], airflow: Watched) -> str:
    tasks = [
        f"{run.dag_id}: {task.name} ({task.state})"
        for run in failed
        for task in airflow.api.tasks(run.dag_id, run.run_id)
        if task.state in {"failed", "upstream_failed"}
    ]
    return f"These tasks failed: {'; '.join(tasks)}. Their logs lie in {airflow.logs}."
