"""What keeps a ledger whole when its process is killed, and how to do without it.

A test that passes with a protection must fail without it, or it tests nothing.
"""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

from dbt.adapters.sql.connections import SQLConnectionManager

from tembaga import dbt, post

MACRO = "macro.tembaga.publish"
GATE = 4711  # A lock that the test holds for as long as the server is to go on.
SLOW = f"select pg_advisory_xact_lock({GATE})"


def leave_out(protection: str) -> None:
    """Do without it in this process, from now on."""
    WITHOUT[protection]()


def _publish_in_pieces() -> None:
    """Each statement of publishing is committed by itself."""
    _edit_macro("join('; ') ~ '; commit'", "join('; commit; begin transaction; ') ~ '; commit'")


def _forget_what_was_published() -> None:
    """Posting does not look whether the batch that is open was published before a crash."""
    recognise = post._recognise_published
    calls: list[None] = []

    def later(*args: Any) -> None:
        calls.append(None)
        if len(calls) > 1:
            recognise(*args)

    post._recognise_published = later


def _publish_slowly() -> None:
    """No protection less: the server waits at the gate, and this process dies meanwhile."""
    _edit_macro("~ '; commit'", f"~ '; {SLOW}; commit'")
    query = SQLConnectionManager.add_query

    def watched(manager: Any, sql: str, *args: Any, **kwargs: Any) -> Any:
        if SLOW in sql:
            threading.Timer(0.7, _die).start()
        return query(manager, sql, *args, **kwargs)

    SQLConnectionManager.add_query = watched


def _die() -> None:

    os.kill(os.getpid(), signal.SIGKILL)


def _edit_macro(old: str, new: str) -> None:
    for manifest in dbt._read.values():
        macro = manifest.macros[MACRO]
        assert old in macro.macro_sql
        macro.macro_sql = macro.macro_sql.replace(old, new)


WITHOUT: dict[str, Callable[[], None]] = {
    "one transaction": _publish_in_pieces,
    "recognition": _forget_what_was_published,
    "a quick server": _publish_slowly,
}
