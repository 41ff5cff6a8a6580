"""Side by side: the same work on many things, in several processes of one command.

Airflow does this for tasks. The command line has one process, and small files keep one core
busy; so it starts some more and deals the work out to them. Each begins as a task does, with
nothing of its parent's but what is given to it, and ends when its parent ends, however that ends.
"""

import logging
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from logging.handlers import QueueHandler, QueueListener
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any, TypeVar

from tembaga.installation import Installation

Given = TypeVar("Given")
Made = TypeVar("Made")

_opened: list[Installation] = []  # By this process, which ends with it.

OURS = logging.getLogger("tembaga")


class ProcessLostError(Exception):
    """One of the processes has ended before its work; the sentence says what to do."""


def side_by_side(
    work: Callable[[Installation, Given], Made],
    on: Sequence[Given],
    *,
    here: Installation,
    processes: int,
) -> Iterator[Made]:
    """Do the work on each of these; what it returns, as it comes.

    The work is a function of a module, and what is given to it and what it returns can be
    pickled. Those that stand first are begun first. Each process opens the installation once
    for all that it does. What it logs is logged here.

    Raises:
        ProcessLostError: One has ended, as when the system had no memory left for it.
        Exception: The work has raised it. What was begun is ended before, the rest is not begun.
    """
    fresh = get_context("spawn")  # A fork would share connections with its parent.
    records = fresh.Queue()
    given = (here, records, OURS.getEffectiveLevel())
    pool = ProcessPoolExecutor(processes, fresh, initializer=_begin, initargs=given)
    with _logged_here(records):
        try:
            for done in as_completed([pool.submit(_do, work, share) for share in on]):
                yield done.result()
        except BrokenProcessPool as error:
            raise ProcessLostError(
                "A process that worked beside this one has ended before its time, perhaps for "
                "want of memory. What it had done is kept: run the command again, and if that "
                "does not help, with TEMBAGA_RECEIVERS=1."
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def _logged_here(records: Any) -> Iterator[None]:
    listener = QueueListener(records, _ToItsLogger())
    listener.start()
    try:
        yield
    finally:
        listener.stop()


class _ToItsLogger(logging.Handler):
    """Gives what another process has logged to the logger of the same name here."""

    def emit(self, record: logging.LogRecord) -> None:
        logging.getLogger(record.name).handle(record)


def _begin(here: Installation, records: Any, level: int) -> None:
    """Make ready a process that was just started."""
    _opened.append(here)
    Thread(target=_end_with_the_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # The parent says that it was interrupted.
    logging.getLogger().addHandler(QueueHandler(records))
    OURS.setLevel(level)


def _do(work: Callable[[Installation, Given], Made], share: Given) -> Made:
    return work(_opened[0], share)


def _end_with_the_parent() -> None:
    """Wait until the parent ends, and end too: nobody would know what is still being done."""
    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)
