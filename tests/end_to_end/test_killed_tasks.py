"""Every task of the day is killed once while it runs, and the day ends in the same ledger.

A first home runs January in this process, undisturbed. A second runs it in Airflow, where
each task is sent SIGKILL the first time that it is seen running, and then cleared. Tasks that
were too quick to be hit are cleared after the day and hit when they run again.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, select

from tembaga import stages
from tembaga.demo.delivery import drop
from tembaga.demo.programme import MONTH_ENDS, DemoProgramme, generate
from tembaga.embedded import services
from tembaga.embedded.airflow import Airflow
from tembaga.embedded.airflow_api import AirflowApi, Run, RunTimedOutError, Task
from tembaga.installation import Installation
from tembaga.marts import open_marts
from tembaga.register.enrol import enrol
from tembaga.register.tables import files, statements, vouchers
from tembaga.settings import Settings, load_settings
from tembaga.upgrade import upgrade

JANUARY = MONTH_ENDS[0]
PARTNERS = ("sagarabumi", "tapakrimba")
PATIENCE = 420  # Seconds for the whole day.
TASKS = {
    "receive_files": {
        "look",
        "receive",
        "validate",
        "load",
        "acknowledge",
        "every_file_came_through",
    },
    "post_ledger": {"post"},
    "issue_vouchers": {"issue", "deliver", "record"},
    "send_statements": {"prepare", "send"},
}


def test_a_day_whose_every_task_was_killed_ends_in_the_same_ledger(tmp_path: Path):
    with _january(tmp_path / "undisturbed") as here:
        stages.receive_files(here, print)
        stages.post_ledger(here, JANUARY, print)
        stages.issue_vouchers(here, JANUARY, print)
        stages.send_statements(here, JANUARY, print)
        expected = _what_came_of_it(here)

    with _january(tmp_path / "killed") as here:
        with Airflow(here.settings, port=0) as airflow:
            airflow.api.trigger("receive_files", {"as_of": JANUARY.isoformat()})
            killed = _kill_each_task_once(airflow.api)
            states = {run.dag_id: run.state for run in airflow.api.runs()}
        found = _what_came_of_it(here)

    assert killed == {(dag_id, task_id) for dag_id, names in TASKS.items() for task_id in names}
    assert states == dict.fromkeys(TASKS, "success")
    assert found == expected


@contextmanager
def _january(home: Path) -> Iterator[Installation]:
    """A home with everybody enrolled and the files of January in the inboxes."""
    settings = load_settings(
        home=home, settle_seconds=0.2, receive_schedule=None, drop_zone_port=0, smtp_port=0
    )
    programme = generate(home / "demo")
    with services.running(settings) as reachable, Installation(reachable) as here:
        upgrade(here.settings)
        enrol(
            here.engine,
            outlets=programme.outlets,
            advocates=programme.advocates,
            standing_orders=programme.standing_orders,
        )
        _drop_january(programme, reachable)
        yield here


def _drop_january(programme: DemoProgramme, settings: Settings) -> None:
    for partner in PARTNERS:
        paths = [file.path for file in programme.dropped_by(JANUARY) if file.partner == partner]
        drop(paths, partner=partner, settings=settings)


def _kill_each_task_once(api: AirflowApi) -> set[tuple[str, str]]:
    """Kill each task once; returns which were killed, when nothing runs any more."""
    everything = {(dag_id, task_id) for dag_id, names in TASKS.items() for task_id in names}
    killed: set[tuple[str, str]] = set()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for run in api.runs():
            for task in api.tasks(run.dag_id, run.run_id):
                _strike(api, run, task, killed)
        if not _is_going_on(api):
            if everything <= killed:
                return killed
            _clear_missed(api, everything - killed)
    return killed


def _strike(api: AirflowApi, run: Run, task: Task, killed: set[tuple[str, str]]) -> None:
    key = (run.dag_id, task.task_id)
    if task.state == "running" and task.pid and key not in killed:
        try:
            os.kill(task.pid, signal.SIGKILL)
        except ProcessLookupError:
            return  # It had just ended.
        killed.add(key)
    elif task.state in {"failed", "up_for_retry", "upstream_failed"}:
        api.clear(run.dag_id, run.run_id, [task], with_downstream=False)


def _is_going_on(api: AirflowApi) -> bool:
    try:
        api.wait_until_quiet(seconds=0)
    except RunTimedOutError:
        return True
    return False


def _clear_missed(api: AirflowApi, missed: set[tuple[str, str]]) -> None:
    for run in api.runs():
        tasks = api.tasks(run.dag_id, run.run_id)
        again = [task for task in tasks if (run.dag_id, task.task_id) in missed]
        if again:
            api.clear(run.dag_id, run.run_id, again[:1], with_downstream=False)


def _what_came_of_it(here: Installation) -> dict[str, object]:
    """The heads of the ledger, what became of each file, and who was sent what."""
    with open_marts(here.settings) as marts:
        heads = [batch.head for batch in marts.batches()]
    outcomes = select(files.c.file_no, files.c.name, files.c.state, files.c.code).order_by(
        files.c.file_no
    )
    return {
        "heads": heads,
        "files": _rows(here.engine, outcomes),
        "counts": _rows(here.engine, select(files.c.lines_accepted).order_by(files.c.file_no)),
        "vouchers": _rows(
            here.engine,
            select(vouchers.c.voucher_no, vouchers.c.request_no, vouchers.c.batch_no).order_by(
                vouchers.c.voucher_no
            ),
        ),
        "statements": _rows(
            here.engine,
            select(statements.c.statement_no, statements.c.advocate, statements.c.closing)
            .where(statements.c.sent_at.is_not(None))
            .order_by(statements.c.statement_no),
        ),
        "mails": len(list((here.settings.root / "mail").glob("*.eml"))),
        "answers": len(list((here.settings.root / "drop_zone").glob("*/ack/*"))),
    }


def _rows(engine: Engine, query: object) -> list[tuple[object, ...]]:
    with engine.connect() as register:
        return [tuple(row) for row in register.execute(query)]  # type: ignore[call-overload]  # Any query.
