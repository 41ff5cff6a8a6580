"""Close: after a month is closed nothing is posted into it any more.

A fact of a closed month that comes late keeps its `event_on`, and counts (`effective_on`) on
the first day that is open. What was reported of the month stays true.
"""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select

from tembaga.register.locks import only_one_posts
from tembaga.register.tables import batches, periods


class PeriodClosedError(Exception):
    """Something was to be posted into a closed month; the sentence says which days are open."""


class PeriodNotClosedError(Exception):
    """A month cannot be closed yet; the sentence says what is missing."""


@dataclass(frozen=True)
class Closed:
    """What came of closing a month: the months closed by this call, and by whom it was closed."""

    now_closed: tuple[str, ...]
    closed_by: str
    closed_at: datetime
    open_from: date

    def says(self, period: str) -> str:
        """What came of it, in a sentence."""
        if not self.now_closed:
            return (
                f"{period} is closed already, since {self.closed_at:%Y-%m-%d}, "
                f"by {self.closed_by}. Nothing was changed."
            )
        return (
            f"Closed: {', '.join(self.now_closed)}, and with it all that was before. "
            f"The books are open from {self.open_from} on."
        )


def close(engine: Engine, period: str, *, by: str, today: date, now: datetime) -> Closed:
    """Close a month, as `2026-03`, and every month of the ledger before it.

    A second call changes nothing and says who closed it.

    Raises:
        BatchInProgressError: Another process is posting.
        PeriodNotClosedError: It is no month, has not ended, or the books have not reached its
            end; nothing was closed.
    """
    last_day = _last_day(period)
    if not by.strip():
        raise PeriodNotClosedError("Say who closes the month: --by NAME.")
    with engine.connect() as register, only_one_posts(register):
        if known := _closed_already(register, period):
            return Closed((), known.closed_by, known.closed_at, last_day + timedelta(days=1))
        _refuse_too_early(register, period, last_day, today)
        months = tuple(_months_to_close(register, last_day))
        register.execute(
            insert(periods),
            [{"period": month, "closed_at": now, "closed_by": by.strip()} for month in months],
        )
        register.commit()
    return Closed(months, by.strip(), now, last_day + timedelta(days=1))


def open_from(register: Connection) -> date | None:
    """The first day that is open: the day after the last closed month; None if none is closed."""
    last: str | None = register.scalar(select(func.max(periods.c.period)))
    return None if last is None else _last_day(last) + timedelta(days=1)


def _last_day(period: str) -> date:
    if not re.fullmatch(r"(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])", period):
        raise PeriodNotClosedError(f"{period!r} is no month; write it as 2026-03.")
    year, month = (int(part) for part in period.split("-"))
    return date(year, month, calendar.monthrange(year, month)[1])


def _closed_already(register: Connection, period: str) -> Row[Any] | None:
    """The closing of the month, or of a later one, which closed it too."""
    return register.execute(
        select(periods).where(periods.c.period >= period).order_by(periods.c.period).limit(1)
    ).one_or_none()


def _refuse_too_early(register: Connection, period: str, last_day: date, today: date) -> None:
    if today <= last_day:
        raise PeriodNotClosedError(
            f"{period} has not ended: it can be closed from {last_day + timedelta(days=1)} on."
        )
    books_day = register.scalar(
        select(func.max(batches.c.as_of)).where(batches.c.published_at.is_not(None))
    )
    if books_day is None:
        raise PeriodNotClosedError("Nothing was ever posted, so there is no month to close.")
    if books_day < last_day:
        raise PeriodNotClosedError(
            f"The books stand at {books_day} and have not reached the end of {period}. "
            f"Run `tembaga post --as-of {last_day}` first, so that all of the month is in it."
        )


def _months_to_close(register: Connection, last_day: date) -> Iterator[str]:
    """The months from the ledger's first up to this one that are not closed."""
    first = register.scalars(select(func.min(batches.c.as_of))).one()
    closed: set[str] = set(register.scalars(select(periods.c.period)))
    day = min(first, last_day).replace(day=1)
    while day <= last_day:
        month = f"{day:%Y-%m}"
        if month not in closed:
            yield month
        day = (day + timedelta(days=31)).replace(day=1)
