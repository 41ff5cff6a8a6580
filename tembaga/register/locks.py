"""Locks of the register: who holds one ends it by ending, also when the process is killed."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, func, select

# Any numbers, each of one advisory lock.
NUMBERING_LOCK = 7_214_002
POSTING_LOCK = 7_214_010
PAPERS_LOCK = 7_214_012
LOADING_LOCK = 7_214_013


class BatchInProgressError(Exception):
    """Another process is posting; the sentence says what to do."""


@contextmanager
def one_at_a_time(register: Connection, lock: int) -> Iterator[None]:
    """Wait until nobody else holds the lock, and hold it."""
    register.execute(select(func.pg_advisory_lock(lock)))
    register.commit()
    try:
        yield
    finally:
        _let_go(register, lock)


@contextmanager
def only_one_posts(register: Connection) -> Iterator[None]:
    """Hold the lock of posting, or turn back at once.

    Raises:
        BatchInProgressError: Another process holds it.
    """
    if not register.execute(select(func.pg_try_advisory_lock(POSTING_LOCK))).scalar_one():
        raise BatchInProgressError(
            "Another process is posting a batch. Wait for it to end and run this again."
        )
    register.commit()
    try:
        yield
    finally:
        _let_go(register, POSTING_LOCK)


def _let_go(register: Connection, lock: int) -> None:
    register.rollback()
    register.execute(select(func.pg_advisory_unlock(lock)))
    register.commit()
