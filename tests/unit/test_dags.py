"""Every DAG loads, explains itself, says who waits for it, and only wires."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag

from tembaga.settings import PROJECT

FOLDER = PROJECT / "dags"
FILES = sorted(FOLDER.glob("*.py"))
IMPORTS = {
    "airflow.sdk",
    "airflow.sdk.exceptions",
    "datetime",
    "pendulum",
    "tembaga",
    "tembaga.assets",
    "tembaga.settings",
}
USES_THE_WAREHOUSE = {"load", "post", "issue", "record", "prepare"}
IMPACTS = {"impact:high", "impact:medium", "impact:low"}

each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
each_dag = pytest.mark.parametrize("name", [file.stem for file in FILES])


@pytest.fixture(scope="module")
def bag():
    return DagBag(FOLDER)


def test_every_dag_file_loads(bag):
    assert bag.import_errors == {}
    assert set(bag.dags) == {file.stem for file in FILES}


@each_dag
def test_a_dag_is_named_after_its_file_and_explains_itself(bag, name):
    dag = bag.dags[name]

    assert Path(dag.fileloc).stem == name
    assert "| Waits for" in dag.doc_md
    assert f"docs/runbooks/{name}.md" in dag.doc_md


@each_dag
def test_a_dag_has_its_runbook(name):
    runbook = (PROJECT / "docs" / "runbooks" / f"{name}.md").read_text(encoding="utf-8")

    assert runbook.startswith(f"# {name}\n")


@each_dag
def test_a_runbook_names_every_task(bag, name):
    runbook = (PROJECT / "docs" / "runbooks" / f"{name}.md").read_text(encoding="utf-8")

    assert [task for task in bag.dags[name].task_ids if f"`{task}`" not in runbook] == []


@each_dag
def test_a_dag_says_how_much_its_failure_matters(bag, name):
    assert len(bag.dags[name].tags & IMPACTS) == 1


@each_dag
def test_a_dag_runs_once_at_a_time_and_makes_up_for_no_missed_hour(bag, name):
    dag = bag.dags[name]

    assert (dag.max_active_runs, dag.catchup) == (1, False)


@each_dag
def test_only_the_first_dag_has_a_clock(bag, name):
    waits_for_assets = bool(bag.dags[name].timetable.asset_condition)

    assert waits_for_assets == (name != "receive_files")


@each_dag
def test_only_the_pool_of_the_warehouse_works_on_the_warehouse(bag, name):
    pooled = {task.task_id for task in bag.dags[name].tasks if task.pool == "warehouse"}

    assert pooled == USES_THE_WAREHOUSE & set(bag.dags[name].task_ids)


@each_dag
def test_every_task_is_tried_again(bag, name):
    assert [task.task_id for task in bag.dags[name].tasks if task.retries < 1] == []


@each_dag
def test_a_dag_may_be_run_for_a_day(bag, name):
    assert bag.dags[name].params["as_of"] is None


def test_every_asset_that_is_awaited_is_made(bag):
    made, awaited = set(), set()
    for dag in bag.dags.values():
        made |= {outlet.name for task in dag.tasks for outlet in task.outlets}
        if condition := dag.timetable.asset_condition:
            awaited |= {asset.name for asset in condition.objects}

    assert awaited <= made


@each_file
def test_a_dag_imports_only_what_is_light(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {
        name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
    }

    assert modules <= IMPORTS


@each_file
def test_a_dag_is_short(file):
    assert len(file.read_text(encoding="utf-8").splitlines()) < 80


def test_reading_the_dags_loads_none_of_the_heavy_libraries():
    code = (
        "import sys, airflow.sdk, tembaga.tasks; "
        "print({'dbt', 'duckdb', 'great_expectations', 'paramiko'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert said.stdout.strip().splitlines()[-1] == "set()"
