"""The embedded Airflow starts, runs chained DAGs, survives a kill, and leaves nothing behind."""

import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from tembaga.embedded.airflow import Airflow, AirflowNotReady
from tembaga.embedded.airflow_api import Task
from tembaga.embedded.postgres import postgres
from tembaga.settings import load_settings

DAGS = Path(__file__).parent / "airflow_dags"
PATIENCE = 90  # Seconds; other work may share the machine.


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    with postgres(home / "postgres", databases=("register", "airflow")) as server:
        yield load_settings(home=home, register_url=server.url("register"))


@pytest.fixture(scope="module")
def airflow(settings):
    with Airflow(settings, dags=DAGS, port=0) as airflow:
        print(f"\nAirflow started in {airflow.start_seconds:.1f} s")  # noqa: T201 - shown by -s.
        yield airflow


def run(airflow, dag_id, **conf):
    """Run a DAG to its end; returns the run's state and the states of its tasks by their names."""
    run_id = airflow.api.trigger(dag_id, conf)
    ended = airflow.api.wait(dag_id, run_id, seconds=PATIENCE)
    tasks = airflow.api.tasks(dag_id, run_id)
    return ended, {_name(task): task.state for task in tasks}


def _name(task):
    return task.task_id if task.map_index < 0 else f"{task.task_id} {task.name}"


def test_a_mapped_task_bears_the_name_of_its_file(airflow):
    _, states = run(airflow, "many_files", files=["a.csv", "b.csv"])

    assert {"receive a.csv", "receive b.csv", "validate a.csv", "validate b.csv"} <= states.keys()


def test_an_asset_event_starts_the_next_dag_and_brings_the_day(airflow):
    first, _ = run(airflow, "many_files", files=["a.csv"], as_of="2026-03-31")
    airflow.api.wait_until_quiet(seconds=PATIENCE)

    [second] = airflow.api.caused_by("many_files", first.run_id)
    assert (second.dag_id, second.state) == ("after_files", "success")
    [read] = airflow.api.tasks("after_files", second.run_id)
    assert "as_of ['2026-03-31']" in airflow.api.log("after_files", second.run_id, read)


def test_a_file_that_fails_holds_up_no_other_and_turns_the_run_red(airflow):
    ended, states = run(airflow, "many_files", files=["a.csv", "broken.csv"], as_of="2026-03-31")

    assert ended.state == "failed"
    assert states["validate a.csv"] == "success"
    assert states["load"] == states["acknowledge"] == "success"
    assert states["every_file_came_through"] == "upstream_failed"


def test_files_that_are_all_refused_are_answered_and_start_nothing(airflow):
    ended, states = run(airflow, "many_files", files=["refused.csv"])

    assert ended.state == "success"
    assert states["load"] == "skipped"
    assert states["acknowledge"] == "success"
    assert airflow.api.caused_by("many_files", ended.run_id) == []


def test_a_run_without_files_is_a_success_and_starts_nothing(airflow):
    ended, states = run(airflow, "many_files", files=[])

    assert ended.state == "success"
    assert states["load"] == "skipped"
    assert airflow.api.caused_by("many_files", ended.run_id) == []


def test_a_killed_task_fails_and_runs_again_when_it_is_cleared(airflow):
    run_id = airflow.api.trigger("long_task")
    os.kill(_running(airflow, run_id).pid, signal.SIGKILL)
    killed = airflow.api.wait("long_task", run_id, seconds=PATIENCE)
    airflow.api.clear("long_task", run_id, airflow.api.tasks("long_task", run_id))
    cleared = airflow.api.wait("long_task", run_id, seconds=PATIENCE)

    assert (killed.state, cleared.state) == ("failed", "success")


def test_tasks_inherit_the_heavy_libraries(airflow):
    [ended, *_] = [run for run in airflow.api.runs("long_task") if run.ended]
    [work] = airflow.api.tasks("long_task", ended.run_id)

    assert "preloaded True True" in airflow.api.log("long_task", ended.run_id, work)


def test_only_one_airflow_runs_on_a_home(airflow, settings):
    with pytest.raises(AirflowNotReady, match="Another Airflow runs"), Airflow(settings, port=0):
        pass


def test_what_is_secret_is_readable_by_its_owner_only(airflow, settings):
    modes = {path.name: path.stat().st_mode & 0o777 for path in settings.keys.iterdir()}

    assert modes == {"airflow.json": 0o600, "airflow_passwords.json": 0o600}


def test_after_the_stop_nothing_is_left_and_a_restart_does_not_migrate(
    airflow, settings, tmp_path, monkeypatch
):
    monkeypatch.setattr("tembaga.embedded.airflow.STOP_SECONDS", 2)
    (tmp_path / "broken.py").write_text("import a_module_that_nobody_has  # a dag of airflow")
    working = _running(airflow, airflow.api.trigger("long_task"))
    session = os.getsid(working.pid)
    said = []

    airflow.stop()
    restarted = Airflow(settings, dags=tmp_path, port=0, say=said.append)
    with pytest.raises(AirflowNotReady, match=r"broken\.py does not load"), restarted:
        pass

    assert not [process for process in psutil.process_iter() if _is_of(process, session)]
    assert said == ["Airflow is being started."]
    assert restarted.password == airflow.password


def _running(airflow, run_id) -> Task:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        [task] = airflow.api.tasks("long_task", run_id)
        if task.state == "running" and task.pid:
            return task
        time.sleep(0.1)
    raise AssertionError("the task does not start")


def _is_of(process, session):
    try:
        return os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False
