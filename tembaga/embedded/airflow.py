"""Airflow, embedded: its database, its API server and its scheduler, started and stopped here.

    home/airflow/
      db-migrate.log  api-server.log  scheduler.log  dags-reserialize.log
      logs/            what the tasks wrote, one file an attempt

There is no resident DAG processor: the DAGs are read once, at the start. A home that has been
migrated before starts without migrating again.
"""

import fcntl
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO, Self

import httpx
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError

from tembaga.embedded.airflow_api import AirflowApi
from tembaga.embedded.airflow_environment import LOCALHOST, USER, environment, keep_secrets
from tembaga.embedded.child import Child
from tembaga.embedded.services import airflow_url
from tembaga.settings import PROJECT, Settings

PORT = 8080
WAREHOUSE_POOL = "warehouse"
START_SECONDS = 120.0
STOP_SECONDS = 15.0
POLL_SECONDS = 0.1


class AirflowNotReady(Exception):  # noqa: N818 - it says a state, and when that ends.
    """Airflow did not start; the sentence names the part, and the log that tells more."""


class Airflow:
    """An Airflow of this home, as a context: started on entry, gone on exit.

    `api` talks to it. `url`, `user` and `password` open its pages in a browser.
    """

    api: AirflowApi

    def __init__(
        self,
        settings: Settings,
        *,
        dags: Path = PROJECT / "dags",
        port: int = PORT,
        say: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        """Prepare an Airflow; nothing is started yet.

        Args:
            settings: Of a home whose register runs; Airflow's own database, `airflow`, is on
                the same server.
            dags: The folder of the DAGs.
            port: Where its pages should be; if it is taken, they are at another.
            say: Told what is being done, a sentence at a time.
        """
        self.settings = settings
        self.dags = dags
        self.home = settings.root / "airflow"
        self.user = USER
        self.start_seconds = 0.0
        self._wanted_port = port
        self._say = say
        self._children: list[Child] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        began = time.monotonic()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        self.start_seconds = time.monotonic() - began
        self._say(f"Airflow runs at {self.url} after {self.start_seconds:.1f} s.")
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop all that was started; a second call does nothing.

        Tasks that run are given `STOP_SECONDS` to end; what is killed then, Airflow runs again
        after the next start.
        """
        deadline = time.monotonic() + STOP_SECONDS
        try:
            for child in self._children:
                child.ask_to_stop()
            for child in self._children:
                child.wait(max(0.0, deadline - time.monotonic()))
        finally:  # Also when Ctrl-C comes a second time.
            while self._children:
                self._children.pop().stop(0)
            self._stack.close()

    def check(self) -> None:
        """Raise AirflowNotReady if a part has ended that should run."""
        for child in self._children:
            if child.exit_code is not None:
                raise _ended(child)

    def _start(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self._stack.enter_context(_alone(self.home / "lock"))
        secrets = keep_secrets(self.settings.keys)
        self.password = secrets.password
        port = _free_port(self._wanted_port)
        self.url = f"http://{LOCALHOST}:{port}"
        self._environment = environment(
            self.settings,
            secrets=secrets,
            database_url=self._database_url,
            dags=self.dags,
            port=port,
        )
        self._migrate()
        self._run_services()

    @property
    def _database_url(self) -> str:
        if not self.settings.register_url:
            raise AirflowNotReady(
                "There is no PostgreSQL for Airflow. Start the embedded services, "
                "or set TEMBAGA_REGISTER_URL."
            )
        return airflow_url(self.settings.register_url)

    def _migrate(self) -> None:
        """Bring Airflow's database to the schema of the installed version, unless it is there."""
        mark = self.home / "migrated"
        if mark.exists() and mark.read_text() == self._schema():
            return
        self._say("Airflow's database is being made.")
        self._finish(self._child("db", "migrate"))
        mark.write_text(self._schema())

    def _schema(self) -> str:
        """The installed version, and the revision at which the database is."""
        engine = create_engine(self._database_url)
        try:
            with engine.connect() as connection:
                revision = connection.scalar(text("select version_num from alembic_version"))
        except ProgrammingError:  # There is no such table yet.
            revision = None
        finally:
            engine.dispose()
        return f"{version('apache-airflow-core')} {revision}"

    def _run_services(self) -> None:
        self._say("Airflow is being started.")
        began_at = datetime.now(UTC)
        self._children.append(self._child("api-server"))
        self._children.append(self._child("scheduler", "--skip-serve-logs"))
        self._finish(self._child("dags", "reserialize"))
        self.api = self._stack.enter_context(
            AirflowApi(self.url, user=self.user, password=self.password)
        )
        self._until("the API server answers", self._answers)
        self._refuse_dags_that_do_not_load()
        self.api.set_pool(WAREHOUSE_POOL, slots=1, description="The warehouse has one writer.")
        self._until("the scheduler runs", lambda: self._schedules_since(began_at))

    def _answers(self) -> bool:
        try:
            self.api.warm()
        except httpx.HTTPError:
            return False
        return True

    def _schedules_since(self, instant: datetime) -> bool:
        seen_at = self.api.scheduler_seen_at()
        return seen_at is not None and seen_at > instant

    def _refuse_dags_that_do_not_load(self) -> None:
        for file, fault in self.api.import_errors().items():
            raise AirflowNotReady(f"The DAG file {file} does not load: {fault}")

    def _child(self, *arguments: str) -> Child:
        name = "-".join(part for part in arguments if not part.startswith("-"))
        return Child(
            name,
            ["airflow", *arguments],
            log=self.home / f"{name}.log",
            environment=self._environment,
        )

    def _finish(self, child: Child) -> None:
        """Wait for a child that ends by itself; no child outlives a failure."""
        try:
            if not child.wait(START_SECONDS) or child.exit_code != 0:
                raise _ended(child)
        finally:
            child.stop(0)

    def _until(self, what: str, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not is_so():
            self.check()
            if time.monotonic() > deadline:
                raise AirflowNotReady(
                    f"After {START_SECONDS:.0f} s it is not so that {what}. See {self.home}."
                )
            time.sleep(POLL_SECONDS)


def _ended(child: Child) -> AirflowNotReady:
    how = "did not end" if child.exit_code is None else f"ended with code {child.exit_code}"
    return AirflowNotReady(
        f"`airflow {child.name}` {how}. Its log, {child.log}, ends:\n{child.tail()}"
    )


def _free_port(wanted: int) -> int:
    """The wanted port if nobody has it, or any that is free."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOCALHOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise AirflowNotReady("No port is free on 127.0.0.1.")


def _alone(path: Path) -> BinaryIO:
    """The lock of this home: two schedulers on one database would run everything twice."""
    lock = path.open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise AirflowNotReady(
            f"Another Airflow runs on {path.parent}. End the `tembaga` that started it."
        ) from None
    return lock
