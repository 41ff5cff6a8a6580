"""Locks of the register: who holds one ends it by ending, also when the process is killed."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, func, select

# Any numbers, each of one advisory lock.
NUMBERING_LOCK = 7_214_002
POSTING_LOCK = 7_214_010
PAPERS_LOCK = 7_214_012


class BatchInProgressError(Exception):
    """Another process is posting; the sentence says what to do."""


@contextmanager
def only_one_posts(register: Connection) -> Iterator[None]:
    """Hold the lock of posting; it ends with the connection, also when the process dies.

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
        register.rollback()
        register.execute(select(func.pg_advisory_unlock(POSTING_LOCK)))
        register.commit()
