"""What we ask of a running Airflow: start a run, watch it, read it, clear what went wrong."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from tembaga.embedded.airflow_rest import AirflowRest

ENDED = frozenset({"success", "failed"})
LATEST_EVENTS = 10
POLL_SECONDS = 0.25


class RunTimedOutError(Exception):
    """A run did not end in time; the sentence says how far it came."""


@dataclass(frozen=True)
class Run:
    """One run of a DAG."""

    dag_id: str
    run_id: str
    state: str
    kind: str
    queued_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    conf: Mapping[str, Any]

    @property
    def ended(self) -> bool:
        """Nothing of it runs any more."""
        return self.state in ENDED


@dataclass(frozen=True)
class Task:
    """One task of a run; of a mapped task, one of its instances."""

    task_id: str
    map_index: int
    name: str
    state: str | None
    attempt: int
    pid: int | None
    seconds: float | None


Progress = Callable[[Run, list[Task]], None]


class AirflowApi:
    """What we ask of a running Airflow."""

    def __init__(self, url: str, *, user: str, password: str) -> None:
        """Connect to the Airflow at `url`. Nothing is asked before the first call."""
        self.url = url
        self._rest = AirflowRest(url, user=user, password=password)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._rest.close()

    def warm(self) -> None:
        """Have all of it loaded before the first task asks."""
        self._rest.warm()

    def scheduler_seen_at(self) -> datetime | None:
        """When a scheduler last gave a sign of life."""
        seen = self._rest.get("/monitor/health")["scheduler"]["latest_scheduler_heartbeat"]
        return _instant(seen)

    def import_errors(self) -> dict[str, str]:
        """DAG files that do not load, and why."""
        return {
            str(error["filename"]): str(error["stack_trace"])
            for error in self._rest.pages("/importErrors", "import_errors")
        }

    def dag_ids(self) -> list[str]:
        """The DAGs that are there."""
        return [str(dag["dag_id"]) for dag in self._rest.pages("/dags", "dags")]

    def set_pool(self, name: str, *, slots: int, description: str) -> None:
        """Make the pool, or give it this many slots."""
        body = {"name": name, "slots": slots, "description": description, "include_deferred": False}
        if name in {pool["name"] for pool in self._rest.pages("/pools", "pools")}:
            self._rest.ask("PATCH", f"/pools/{name}", body=body)
        else:
            self._rest.ask("POST", "/pools", body=body)

    def trigger(self, dag_id: str, conf: Mapping[str, Any] | None = None) -> str:
        """Start a run with these parameters; the answer is its `run_id`."""
        body = {"logical_date": None, "conf": dict(conf or {})}
        return str(self._rest.ask("POST", f"/dags/{dag_id}/dagRuns", body=body)["dag_run_id"])

    def run(self, dag_id: str, run_id: str) -> Run:
        """The run as it stands."""
        return _run(self._rest.get(f"/dags/{dag_id}/dagRuns/{run_id}"))

    def runs(self, dag_id: str = "~", *, after: datetime | None = None) -> list[Run]:
        """The runs of a DAG (of all without one), oldest first; `after` is when they began."""
        since = {"start_date_gte": after.isoformat()} if after else {}
        found = self._rest.pages(f"/dags/{dag_id}/dagRuns", "dag_runs", order_by="id", **since)
        return [_run(run) for run in found]

    def caused_by(self, dag_id: str, run_id: str) -> list[Run]:
        """The runs that this run's asset events have started so far."""
        events = self._rest.pages(
            "/assets/events", "asset_events", source_dag_id=dag_id, source_run_id=run_id
        )
        caused = {
            (str(run["dag_id"]), str(run["run_id"]))
            for event in events
            for run in event["created_dagruns"]
        }
        return [self.run(*run) for run in sorted(caused)]

    def wait(
        self, dag_id: str, run_id: str, *, seconds: float, progress: Progress | None = None
    ) -> Run:
        """Wait for the end of a run, telling `progress` of each change, and return it.

        Raises:
            RunTimedOutError: It has not ended after `seconds`.
        """
        deadline = time.monotonic() + seconds
        told: tuple[Run, list[Task]] | None = None
        while True:
            run = self.run(dag_id, run_id)
            if progress is not None and (now := (run, self.tasks(dag_id, run_id))) != told:
                progress(*now)
                told = now
            if run.ended:
                return run
            if time.monotonic() > deadline:
                raise RunTimedOutError(self._how_far(run, seconds))
            time.sleep(POLL_SECONDS)

    def wait_until_quiet(
        self, *, seconds: float, progress: Callable[[list[Run]], None] | None = None
    ) -> None:
        """Wait until no run is going on or about to be started by an asset event.

        `progress` is told the unfinished runs whenever they change.

        Raises:
            RunTimedOutError: Something still goes on after `seconds`.
        """
        deadline = time.monotonic() + seconds
        told: list[Run] = []
        while not self._is_quiet():
            unfinished = self._unfinished()
            if progress is not None and unfinished != told:
                progress(unfinished)
                told = unfinished
            if time.monotonic() > deadline:
                still = ", ".join(f"{run.dag_id} ({run.state})" for run in unfinished)
                raise RunTimedOutError(
                    f"Not all had ended after {seconds:.0f} s: {still or 'a run is to come'}."
                )
            time.sleep(POLL_SECONDS)

    def tasks(self, dag_id: str, run_id: str) -> list[Task]:
        """The tasks of a run in the order in which they began, those of a mapped task together."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        found = self._rest.pages(path, "task_instances", order_by=["start_date", "map_index"])
        first = {task["task_id"]: place for place, task in reversed(list(enumerate(found)))}
        found.sort(key=lambda task: (first[task["task_id"]], task["map_index"]))
        return [_task(task) for task in found]

    def log(self, dag_id: str, run_id: str, task: Task) -> str:
        """What the task wrote at its last attempt."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task.task_id}/logs/{task.attempt}"
        answer = self._rest.get(path, map_index=task.map_index, full_content=True)
        return "\n".join(_line(entry) for entry in answer["content"])

    def clear(
        self,
        dag_id: str,
        run_id: str,
        tasks: Iterable[Task],
        *,
        with_downstream: bool = True,
    ) -> None:
        """Have tasks run again, and by default all that follow them in the same run."""
        chosen = [
            task.task_id if task.map_index < 0 else [task.task_id, task.map_index] for task in tasks
        ]
        body = {
            "dry_run": False,
            "dag_run_id": run_id,
            "task_ids": chosen,
            "only_failed": False,
            "include_downstream": with_downstream,
            "reset_dag_runs": True,
        }
        self._rest.ask("POST", f"/dags/{dag_id}/clearTaskInstances", body=body)

    def _is_quiet(self) -> bool:
        """Nothing runs, nothing is due, and nothing began while we looked."""
        before = self._number_of_runs()
        return (
            not self._unfinished()
            and not self._due()
            and not self._unanswered()
            and self._number_of_runs() == before
        )

    def _unanswered(self) -> bool:
        """An asset was announced of late, DAGs wait for it, and it has started none of them."""
        awaited = {
            asset["id"]
            for asset in self._rest.pages("/assets", "assets")
            if asset["scheduled_dags"]
        }
        latest = self._rest.get("/assets/events", order_by="-timestamp", limit=LATEST_EVENTS)
        return any(
            event["asset_id"] in awaited and not event["created_dagruns"]
            for event in latest["asset_events"]
        )

    def _due(self) -> list[str]:
        """DAGs whose awaited events are there, so that a run of theirs is about to be made."""
        names = {asset["id"]: asset["name"] for asset in self._rest.pages("/assets", "assets")}
        due = []
        for dag_id in self.dag_ids():  # Their list does not say what they wait for.
            if awaited := self._rest.get(f"/dags/{dag_id}/details")["asset_expression"]:
                events = self._rest.get(f"/dags/{dag_id}/assets/queuedEvents")
                there = {names[event["asset_id"]] for event in events["queued_events"]}
                if _is_met(awaited, there):
                    due.append(dag_id)
        return due

    def _unfinished(self) -> list[Run]:
        found = self._rest.pages("/dags/~/dagRuns", "dag_runs", state=["queued", "running"])
        return [_run(run) for run in found]

    def _number_of_runs(self) -> int:
        return int(self._rest.get("/dags/~/dagRuns", limit=1)["total_entries"])

    def _how_far(self, run: Run, seconds: float) -> str:
        tasks = self.tasks(run.dag_id, run.run_id)
        open_tasks = ", ".join(
            f"{task.name} ({task.state or 'waiting'})"
            for task in tasks
            if task.state not in {"success", "skipped"}
        )
        return (
            f"{run.dag_id} has not ended after {seconds:.0f} s; not done: {open_tasks or 'none'}."
        )


def _is_met(awaited: Mapping[str, Any], there: set[str]) -> bool:
    """Whether the assets that have changed are all, or any, of those a DAG waits for."""
    if "all" in awaited:
        return all(_is_met(part, there) for part in awaited["all"])
    if "any" in awaited:
        return any(_is_met(part, there) for part in awaited["any"])
    return awaited.get("asset", {}).get("name") in there


def _run(found: Mapping[str, Any]) -> Run:
    return Run(
        dag_id=found["dag_id"],
        run_id=found["dag_run_id"],
        state=found["state"],
        kind=found["run_type"],
        queued_at=_instant(found["queued_at"]),
        started_at=_instant(found["start_date"]),
        ended_at=_instant(found["end_date"]),
        conf=found["conf"] or {},
    )


def _task(found: Mapping[str, Any]) -> Task:
    return Task(
        task_id=found["task_id"],
        map_index=found["map_index"],
        name=found["rendered_map_index"] or found["task_display_name"],
        state=found["state"],
        attempt=found["try_number"],
        pid=found["pid"],
        seconds=found["duration"],
    )


def _instant(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None


def _line(entry: Any) -> str:
    """A line of a task's log, with its error if it tells of one."""
    if isinstance(entry, str):
        return entry
    parts = [entry.get("timestamp") or "", entry.get("level") or "", entry.get("event") or ""]
    parts += [str(entry["error_detail"])] if entry.get("error_detail") else []
    return " ".join(part for part in parts if part)
