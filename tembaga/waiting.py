"""What waits for a stage, by the register.

Each run takes up all that waits, also what an earlier run left behind when it failed. So
nothing needs to be remembered between runs, and a lost run loses nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, Row, func, or_, select

from tembaga.agreements import OFFICE
from tembaga.close import open_from
from tembaga.own_files import OF_SALES
from tembaga.plain_feeds import NOT_POSTED, PLAIN_FEEDS
from tembaga.register.tables import batches, files, voucher_batches, vouchers

PLAIN = tuple(feed.name for feed in PLAIN_FEEDS)


def to_validate(engine: Engine) -> list[int]:
    """Files of partners that have landed and are neither refused nor loaded."""
    return _file_nos(
        engine,
        files.c.state.in_(("landed", "validated")),
        files.c.partner != OFFICE,
        files.c.feed.in_(("sales", *PLAIN)),
    )


def to_post(engine: Engine) -> list[int]:
    """Files in the warehouse that no batch has posted."""
    return _file_nos(engine, *is_to_be_posted())


def is_to_be_posted() -> tuple[ColumnElement[bool], ...]:
    """Which files go into a batch: those that are loaded, in none yet, and say of points.

    Sales always do; of other files, one that has no line left is in no batch.
    """
    return (
        files.c.state == "loaded",
        files.c.batch_no.is_(None),
        files.c.feed.not_in(NOT_POSTED),
        or_(files.c.feed.in_(OF_SALES), files.c.lines_accepted.is_distinct_from(0)),
    )


def to_answer(engine: Engine, *, partners: Iterable[str]) -> list[int]:
    """Files of these partners that are refused or loaded, and of which they were not told."""
    return _file_nos(
        engine,
        files.c.state.in_(("refused", "loaded")),
        files.c.answered_at.is_(None),
        files.c.partner.in_(list(partners)),
    )


def to_record(engine: Engine) -> list[int]:
    """Vouchers that their merchants have, and that no batch has booked."""
    found = (
        select(vouchers.c.voucher_no)
        .join(voucher_batches)
        .where(voucher_batches.c.delivered_at.is_not(None), vouchers.c.batch_no.is_(None))
        .order_by(vouchers.c.voucher_no)
    )
    with engine.connect() as connection:
        return list(connection.scalars(found))


def books_day(engine: Engine) -> date | None:
    """The day of the last batch, where the books stand; None if there is none."""
    last = select(func.max(batches.c.as_of)).where(batches.c.published_at.is_not(None))
    with engine.connect() as connection:
        day: date | None = connection.scalar(last)
    return day


def first_open_day(engine: Engine) -> date | None:
    """The day after the last closed month; None if no month was closed."""
    with engine.connect() as connection:
        return open_from(connection)


def last_batch_no(engine: Engine) -> int:
    """The number of the last batch that was published; 0 if none was."""
    last = select(func.coalesce(func.max(batches.c.batch_no), 0))
    with engine.connect() as connection:
        return connection.scalars(last.where(batches.c.published_at.is_not(None))).one()


def batches_after(engine: Engine, batch_no: int) -> Sequence[Row[Any]]:
    """The batches that were published after the one of this number."""
    found = (
        select(batches)
        .where(batches.c.batch_no > batch_no, batches.c.published_at.is_not(None))
        .order_by(batches.c.batch_no)
    )
    with engine.connect() as connection:
        return connection.execute(found).all()


def newest_batch(engine: Engine, *, since: datetime) -> int | None:
    """The last batch published since then, if there was one."""
    newest = select(func.max(batches.c.batch_no)).where(batches.c.published_at >= since)
    with engine.connect() as connection:
        batch_no: int | None = connection.scalar(newest)
    return batch_no


def _file_nos(engine: Engine, *conditions: ColumnElement[bool]) -> list[int]:
    found = select(files.c.file_no).where(*conditions).order_by(files.c.file_no)
    with engine.connect() as connection:
        return list(connection.scalars(found))
