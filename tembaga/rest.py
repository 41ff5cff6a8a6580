"""Rest: while the books rest, nobody posts, loads or submits, and nobody writes the warehouse."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from tembaga.register.locks import LOADING_LOCK, PAPERS_LOCK, one_at_a_time, only_one_posts
from tembaga.settings import Settings
from tembaga.warehouse import claim_warehouse


@contextmanager
def books_at_rest(engine: Engine, settings: Settings) -> Iterator[None]:
    """Keep all who change the books out until left; a paper or a load in progress is waited for.

    Raises:
        BatchInProgressError: Somebody is posting.
        WarehouseInUseError: Another process is writing to the warehouse.
        WarehouseUnreachableError: Its PostgreSQL does not answer.
    """
    with (
        engine.connect() as register,
        only_one_posts(register),
        one_at_a_time(register, PAPERS_LOCK),
        one_at_a_time(register, LOADING_LOCK),
        claim_warehouse(settings),
    ):
        yield
