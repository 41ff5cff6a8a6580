"""Steps: the instants at which a process can be killed, found while it works.

    before a statement that writes, and before and after each commit, of the register and of the
    warehouse; before and after each node that dbt builds, and before the commit within it;
    before each statement of the macro that publishes; before a file gets its name

A step is named by the functions that lead to it, so that it has the same name in each run.
"""

import os
import signal
import sys
import threading
from collections import Counter
from types import FrameType
from typing import Any

from dbt.adapters.sql.connections import SQLConnectionManager
from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect

WRITES = ("insert", "update", "delete", "create", "drop", "analyze", "copy", "truncate")
FILE_EVENTS = {"os.rename", "os.link", "os.mkdir"}
PUBLISHES = "; commit"


class Steps:
    """Writes down the steps that are reached, and kills this process at the one it is told."""

    def __init__(self, kill_at: str | None = None) -> None:
        self.reached: list[str] = []
        self._kill_at = kill_at
        self._times: Counter[str] = Counter()
        self._lock = threading.Lock()

    def reach(self, what: str) -> None:
        """This instant is a step; nothing comes after it if the process is to die here."""
        with self._lock:
            self._times[what] += 1
            step = f"{what} #{self._times[what]}"
            self.reached.append(step)
            if step == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        """Find the steps of this process from now on; it is never undone."""
        event.listen(Engine, "before_cursor_execute", self._statement)
        self._watch_commits()
        self._watch_dbt()
        sys.addaudithook(self._file)

    def _statement(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        words = statement.split()
        if words and words[0].lower() in WRITES:
            self.reach(f"{_way()} before {' '.join(words[:3])}")

    def _watch_commits(self) -> None:
        commit = DefaultDialect.do_commit

        def watched(dialect: DefaultDialect, connection: Any) -> None:
            way = f"{_way()} {dialect.name}"
            self.reach(f"{way} before commit")
            commit(dialect, connection)
            self.reach(f"{way} after commit")

        DefaultDialect.do_commit = watched  # type: ignore[method-assign]  # Every commit.

    def _watch_dbt(self) -> None:
        query = SQLConnectionManager.add_query

        def watched(manager: Any, sql: str, *args: Any, **kwargs: Any) -> Any:
            name = str(manager.get_thread_connection().name)
            if PUBLISHES in sql:
                return self._publish(query, manager, sql, *args, **kwargs)
            if sql in ("BEGIN", "COMMIT"):
                self.reach(f"dbt {name} before {sql.lower()}")
            found = query(manager, sql, *args, **kwargs)
            if sql == "COMMIT":
                self.reach(f"dbt {name} after commit")
            return found

        SQLConnectionManager.add_query = watched

    def _publish(self, query: Any, manager: Any, sql: str, *args: Any, **kwargs: Any) -> Any:
        """Send the statements one by one, in the same transaction."""
        found = None
        for statement in sql.split("; "):
            words = statement.rpartition("*/")[2].split()
            self.reach(f"publish before {' '.join(words[:3])}")
            found = query(manager, statement, *args, **kwargs)
        self.reach("publish after commit")
        return found

    def _file(self, event: str, _args: tuple[Any, ...]) -> None:
        if event in FILE_EVENTS and (way := _way()) and "dbt" not in way:
            self.reach(f"{way} before {event}")


def _way() -> str:
    """The functions of the project that lead to this instant, outermost first."""
    names = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith("tembaga."):
            names.append(f"{module.rpartition('.')[2]}.{frame.f_code.co_name}")
        frame = frame.f_back
    return " ".join(reversed(names))
