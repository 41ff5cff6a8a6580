"""A closed month stays as it was: nothing is posted into it any more."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, insert, select

from tembaga import waiting
from tembaga.close import Closed, PeriodClosedError, PeriodNotClosedError, close, open_from
from tembaga.register.locks import POSTING_LOCK, BatchInProgressError
from tembaga.register.tables import batches, periods
from tembaga.settings import load_settings
from tests.spec.bookkeeper import CAMPAIGNS, Bookkeeper

NOW = datetime(2026, 4, 2, 3, 0, tzinfo=UTC)
TODAY = date(2026, 4, 2)


@pytest.fixture
def books(register: Engine, prepared_home: Path) -> Bookkeeper:
    settings = load_settings(home=prepared_home, programme="spec", campaigns_folder=CAMPAIGNS)
    return Bookkeeper(register, settings)


def posted(register: Engine, *days: str) -> None:
    """Batches as of these days."""
    with register.begin() as connection:
        for batch_no, day in enumerate(days, start=1):
            connection.execute(
                insert(batches).values(
                    batch_no=batch_no,
                    as_of=date.fromisoformat(day),
                    manifest_sha256="0" * 64,
                    rulepack_sha256="0" * 64,
                    opened_at=NOW,
                    published_at=NOW,
                )
            )


def closes(register: Engine, period: str, *, by: str = "Sri", today: date = TODAY) -> Closed:
    return close(register, period, by=by, today=today, now=NOW)


def closed_months(register: Engine) -> list[str]:
    with register.connect() as connection:
        return list(connection.scalars(select(periods.c.period).order_by(periods.c.period)))


def test_closing_a_month_closes_all_before_it(register):
    posted(register, "2026-01-20", "2026-04-01")

    closed = closes(register, "2026-03")

    assert closed.now_closed == ("2026-01", "2026-02", "2026-03")
    assert closed_months(register) == ["2026-01", "2026-02", "2026-03"]
    assert closed.says("2026-03") == (
        "Closed: 2026-01, 2026-02, 2026-03, and with it all that was before. "
        "The books are open from 2026-04-01 on."
    )
    with register.connect() as connection:
        assert open_from(connection) == date(2026, 4, 1)


def test_closing_again_changes_nothing_and_says_who_did(register):
    posted(register, "2026-03-31")
    closes(register, "2026-03")

    again = closes(register, "2026-03", by="Agus")
    earlier = closes(register, "2026-02", by="Agus")

    assert again.now_closed == earlier.now_closed == ()
    assert again.says("2026-03") == (
        "2026-03 is closed already, since 2026-04-02, by Sri. Nothing was changed."
    )
    assert closed_months(register) == ["2026-03"]


def test_december_is_followed_by_january(register):
    posted(register, "2026-11-01", "2027-01-01")
    closed = closes(register, "2026-12", today=date(2027, 1, 1))

    assert (closed.now_closed, closed.open_from) == (("2026-11", "2026-12"), date(2027, 1, 1))


@pytest.mark.parametrize("period", ["2026-3", "2026-13", "march", "2026-03-01", "", "0000-01"])
def test_what_is_no_month_is_named(register, period):
    with pytest.raises(PeriodNotClosedError, match="is no month; write it as 2026-03"):
        closes(register, period)


def test_a_month_that_has_not_ended_is_not_closed(register):
    posted(register, "2026-04-30")

    with pytest.raises(PeriodNotClosedError, match="can be closed from 2026-05-01 on"):
        closes(register, "2026-04", today=date(2026, 4, 30))


def test_books_that_have_not_reached_the_end_of_a_month_keep_it_open(register):
    with pytest.raises(PeriodNotClosedError, match="Nothing was ever posted"):
        closes(register, "2026-03")
    posted(register, "2026-03-30")
    with pytest.raises(PeriodNotClosedError, match="stand at 2026-03-30"):
        closes(register, "2026-03")

    assert closed_months(register) == []


def test_nobody_closes_a_month_without_a_name(register):
    posted(register, "2026-03-31")

    with pytest.raises(PeriodNotClosedError, match="--by NAME"):
        closes(register, "2026-03", by=" ")


def test_a_month_is_not_closed_under_a_batch(register):
    posted(register, "2026-03-31")
    with register.connect() as other:
        other.execute(select(func.pg_advisory_lock(POSTING_LOCK)))

        with pytest.raises(BatchInProgressError):
            closes(register, "2026-03")
        other.invalidate()


def test_nothing_is_posted_into_a_closed_month(books: Bookkeeper, register):
    books.sells("ADV", "A1", "2026-03-10", 100_000)
    books.posts("2026-03-31")
    closes(register, "2026-03")
    books.sells("ADV", "A2", "2026-03-11", 100_000)

    with pytest.raises(PeriodClosedError, match=r"2026-03 is closed.* from 2026-04-01 on"):
        books.posts("2026-03-31")
    assert books.posts("2026-04-01") == 2
    assert waiting.first_open_day(register) == date(2026, 4, 1)
    late = books.asks(
        "select rule, event_on, effective_on from ledger.transfers where batch_no = 2 "
        "and rule = 'earn'"
    )
    assert late == [("earn", date(2026, 3, 11), date(2026, 4, 1))]
    with register.connect() as connection:
        inputs = connection.scalars(select(batches.c.inputs).order_by(batches.c.batch_no)).all()
    assert [each["open_from"] for each in inputs] == [None, "2026-04-01"]
