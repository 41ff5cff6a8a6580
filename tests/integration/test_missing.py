"""A file that was due and has not come is told once to the partner and once to the operator."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from desk import agreement
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, insert

from tembaga import missing
from tembaga.agreements import Agreement
from tembaga.due import WEEKDAYS, Due
from tembaga.embedded.mail_catcher import mail_catcher
from tembaga.mail import MailServer, MailServerUnreachableError
from tembaga.register.tables import files
from tembaga.report import missing_table
from tembaga.settings import Settings

ZONE = ZoneInfo("Asia/Jakarta")
DUE = {"weekdays": ["mon", "wed", "fri"], "by": "09:00", "not_on": ["2026-03-04"]}
DUE |= {"since": "2026-03-01"}
MONDAY = date(2026, 3, 2)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant in March, where the programme runs."""
    return datetime(2026, 3, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


def agreed(**facts: object) -> dict[str, Agreement]:
    return {"north": agreement(**({"files": "S*.csv", "due": DUE, "language": "id"} | facts))}


@pytest.fixture
def mailing(settings: Settings) -> Iterator[Settings]:
    """Settings that reach a mail server."""
    with mail_catcher(settings.root / "mail", preferred_port=0) as port:
        yield settings.model_copy(update={"smtp_port": port})


def comes(register: Engine, seen_at: datetime, *, name: str = "S1.csv", **facts: str) -> None:
    with register.begin() as connection:
        connection.execute(
            insert(files).values(
                file_no=1,
                partner="north",
                name=name,
                **{"state": "loaded"} | facts,
                size_bytes=1,
                modified_at=seen_at,
                seen_at=seen_at,
            )
        )


def alarms(register: Engine, settings: Settings, now: datetime, **facts: object) -> int:
    """Look and tell; how many mails went out."""
    of = {"agreements": agreed(**facts), "settings": settings, "now": now}
    missing.find(register, **of)
    return missing.tell(register, **of)


def mails(settings: Settings) -> list:
    paths = sorted((settings.root / "mail").rglob("*.eml"))
    return [message_from_bytes(path.read_bytes(), policy=default) for path in paths]


def test_contact_and_operator_are_told_once_of_a_file_that_has_not_come(register, mailing):
    assert alarms(register, mailing, at(2, 8, 59)) == 0
    assert alarms(register, mailing, at(2, 9)) == 2
    assert alarms(register, mailing, at(2, 9, 15)) == 0

    told = {mail["To"]: mail for mail in mails(mailing)}
    assert len(told) == 2
    [to_contact] = [mail for to, mail in told.items() if "someone@north.example" in to]
    assert "berkas North untuk 2 Maret 2026 belum kami terima" in to_contact["Subject"]
    text = to_contact.get_body(("plain",)).get_content()
    assert "S*.csv" in text
    assert "09:00 (Asia/Jakarta)" in " ".join(text.split())
    [to_operator] = [mail for to, mail in told.items() if "someone@north.example" not in to]
    assert "has not come" in to_operator["Subject"]


@pytest.mark.parametrize(
    ("seen_at", "facts", "mailed"),
    [
        (at(2, 9), {}, 0),
        (at(2, 9, 1), {}, 2),
        (at(1, 12), {}, 0),
        (at(2, 8), {"state": "refused"}, 2),
        (at(2, 8), {"name": "other.csv"}, 2),
        (at(2, 8), {"feed": "withdrawals"}, 2),
    ],
)
def test_only_a_file_of_the_feed_that_came_in_time_and_was_taken_counts(
    register, mailing, seen_at, facts, mailed
):
    comes(register, seen_at, **facts)

    assert alarms(register, mailing, at(2, 10)) == mailed


def test_nothing_is_due_on_other_days_and_holidays_and_before_it_began(register, mailing):
    assert alarms(register, mailing, at(1, 23)) == 0
    assert alarms(register, mailing, at(2, 10), due=DUE | {"since": "2026-03-03"}) == 0
    assert alarms(register, mailing, at(5, 10), due=DUE | {"since": "2026-03-03"}) == 0
    assert alarms(register, mailing, at(5, 10), due=None) == 0


def test_after_a_pause_each_day_is_told(register, mailing):
    assert alarms(register, mailing, at(6, 10)) == 4
    assert [row[2] for row in rows(register)] == ["2026-03-06", "2026-03-02"]


def test_without_a_first_day_nothing_old_is_told(register, mailing):
    due = {name: said for name, said in DUE.items() if name != "since"}

    assert alarms(register, mailing, at(6, 10), due=due) == 2


def test_status_shows_who_was_told(register, mailing, settings):
    with pytest.raises(MailServerUnreachableError):
        alarms(register, settings.model_copy(update={"smtp_port": 1}), at(2, 9))
    assert rows(register) == [["north", "sales", "2026-03-02", "not yet", "not yet"]]

    assert alarms(register, mailing, at(2, 9, 30)) == 2
    assert rows(register) == [
        ["north", "sales", "2026-03-02", "2026-03-02 02:30 UTC", "2026-03-02 02:30 UTC"]
    ]


def test_killed_while_it_tells_it_repeats_no_other_mail(
    register, mailing, monkeypatch: pytest.MonkeyPatch
):
    class Killed(BaseException):
        pass

    deliver = MailServer.deliver

    def killed(server, mail, *, now):
        deliver(server, mail, now=now)
        raise Killed

    for _ in range(2):  # After the server's yes and before ours: the same mail goes out again.
        with monkeypatch.context() as patched, pytest.raises(Killed):
            patched.setattr(MailServer, "deliver", killed)
            alarms(register, mailing, at(2, 9))
    assert alarms(register, mailing, at(2, 9)) == 2
    assert alarms(register, mailing, at(2, 9)) == 0

    assert len({mail["Message-ID"] for mail in mails(mailing)}) == 2


def rows(register: Engine) -> list[list[str]]:
    """The table of missing files, as it is shown."""
    table = missing_table(register)
    columns = [list(column.cells) for column in table.columns]
    return [list(row) for row in zip(*columns, strict=True)]


@given(
    weekdays=st.sets(st.sampled_from(WEEKDAYS), min_size=1),
    not_on=st.sets(st.dates(date(2026, 3, 1), date(2026, 3, 31)), max_size=5),
    hour=st.integers(0, 23),
    days=st.lists(st.integers(0, 31 * 24 * 60), min_size=2, max_size=6),
)
def test_however_often_one_looks_each_due_day_passes_once(weekdays, not_on, hour, days):
    due = Due(weekdays=sorted(weekdays), not_on=sorted(not_on), by=f"{hour:02}:00")
    instants = [at(1, 0) + timedelta(minutes=minutes) for minutes in sorted(days)]
    looks = [
        day
        for after, until in pairwise(instants)
        for day in due.passed(after=after, until=until, zone=ZONE)
    ]

    assert looks == list(due.passed(after=instants[0], until=instants[-1], zone=ZONE))
    for day in looks:
        assert due.begins(day, ZONE) < due.deadline(day, ZONE)
