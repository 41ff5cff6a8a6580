"""Missing: a file that was due and has not come, told once to the partner and to the operator.

    find   agreements, register  ->  alarms        a row for each missing file and each reader
    tell   alarms                ->  mail server   each one once

A file counts for a due day if it came after the deadline of the due day before, and was not
refused. Deadlines are those of the programme's own time zone.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, Row, select, update
from sqlalchemy.dialects.postgresql import insert

from tembaga.agreements import Agreement, Language
from tembaga.due import Due
from tembaga.letters import environment, load_language
from tembaga.mail import Mail, MailRefusedError, MailServer, open_mail_server
from tembaga.own_files import UPTAKES, WITHDRAWALS
from tembaga.register.tables import alarms, files
from tembaga.rulepack import Programme, load_programme
from tembaga.settings import Settings

log = logging.getLogger(__name__)

OVERDUE = timedelta(days=7)  # What was due longer ago is not told of any more.
UNDATED = timedelta(days=1)  # Where an agreement does not say since when: nor what is older.
OPERATOR_READS: Language = "en"
READERS = ("contact", "operator")


class AlarmsRefusedError(Exception):
    """The mail server refused some alarms; the sentence says which and what to do."""


def find(
    engine: Engine, *, agreements: Mapping[str, Agreement], settings: Settings, now: datetime
) -> int:
    """Write down each file that was due by `now` and has not come; how many are new.

    A second call writes nothing twice.
    """
    zone = ZoneInfo(load_programme(settings.campaigns).time_zone)
    new = 0
    with engine.begin() as register:
        for agreement, feed, due in _due(agreements.values()):
            ago = OVERDUE if due.since else UNDATED
            for day in due.passed(after=now - ago, until=now, zone=zone):
                if _has_come(register, agreement, feed, due, day, zone):
                    continue
                rows = [
                    {
                        "partner": agreement.partner,
                        "feed": feed,
                        "due_on": day,
                        "reader": reader,
                        "due_at": due.deadline(day, zone),
                        "found_at": now,
                    }
                    for reader in READERS
                ]
                written = register.execute(
                    insert(alarms).on_conflict_do_nothing().returning(alarms.c.reader), rows
                )
                new += bool(written.all())
    log.info("%d files are missing that were not missing before", new)
    return new


def tell(
    engine: Engine, *, agreements: Mapping[str, Agreement], settings: Settings, now: datetime
) -> int:
    """Mail what was found and not told yet, each once; how many mails.

    One that is refused does not stop the others; a second call tries it again. After a kill
    between the server's yes and ours the mail goes out again under its own Message-ID.

    Raises:
        AlarmsRefusedError: The server refused some; the others are sent.
        MailServerUnreachableError: Nobody answers; what was sent before stays sent.
    """
    with engine.connect() as register:
        waiting = register.execute(
            select(alarms)
            .where(alarms.c.told_at.is_(None), alarms.c.partner.in_(list(agreements)))
            .order_by(alarms.c.due_at, alarms.c.partner, alarms.c.feed, alarms.c.reader)
        ).all()
    programme = load_programme(settings.campaigns)
    told, refusals = 0, []
    with open_mail_server(settings) as server:
        for alarm in waiting:
            try:
                told += _tell(engine, server, alarm, agreements[alarm.partner], programme, now)
            except MailRefusedError as refusal:
                refusals.append(f"{alarm.partner} to the {alarm.reader} ({refusal})")
    if refusals:
        raise AlarmsRefusedError(
            f"The mail server refused {len(refusals)} of {len(waiting)} alarms: "
            f"{', '.join(refusals[:10])}. The others are sent. Correct the address: a partner's "
            "contact in its agreement, ours in programme.yml."
        )
    return told


def _due(agreements: Iterable[Agreement]) -> Iterator[tuple[Agreement, str, Due]]:
    for agreement in agreements:
        for name, feed in agreement.feeds:
            if feed is not None and feed.due is not None:
                yield agreement, name, feed.due


def _has_come(
    register: Connection, agreement: Agreement, feed: str, due: Due, day: date, zone: ZoneInfo
) -> bool:
    names: Sequence[str] = register.scalars(
        select(files.c.name).where(
            files.c.partner == agreement.partner,
            files.c.feed.not_in((UPTAKES, WITHDRAWALS)),
            files.c.state != "refused",
            files.c.seen_at > due.begins(day, zone),
            files.c.seen_at <= due.deadline(day, zone),
        )
    ).all()
    meant = getattr(agreement.feeds, feed)
    return any(agreement.feed_of(name) is meant for name in names)


def _tell(
    engine: Engine,
    server: MailServer,
    alarm: Row[Any],
    agreement: Agreement,
    programme: Programme,
    now: datetime,
) -> int:
    """Mail one alarm unless that has been done meanwhile; 1 if it was mailed, else 0."""
    same = [alarms.c[column.name] == alarm._mapping[column.name] for column in alarms.primary_key]
    with engine.begin() as register:
        waits = register.execute(
            select(alarms.c.partner)
            .where(*same, alarms.c.told_at.is_(None))
            .with_for_update(skip_locked=True)  # Another run may be sending it.
        ).one_or_none()
        if waits is None:
            return 0
        server.deliver(_mail(alarm, agreement, programme), now=now)
        register.execute(update(alarms).where(*same).values(told_at=now))
    return 1


def _mail(alarm: Row[Any], agreement: Agreement, programme: Programme) -> Mail:
    to = agreement.contact if alarm.reader == "contact" else programme.contact
    language = agreement.language if alarm.reader == "contact" else OPERATOR_READS
    due_at = alarm.due_at.astimezone(ZoneInfo(programme.time_zone))
    values = {
        "alarm": alarm,
        "agreement": agreement,
        "programme": programme,
        "files": getattr(agreement.feeds, alarm.feed).files,
        "time": f"{due_at:%H:%M} ({programme.time_zone})",
        "to": to,
    }
    templates = environment(language)
    words = load_language(language)
    return Mail(
        name=f"missing-{alarm.partner}-{alarm.feed}-{alarm.due_on}-{alarm.reader}",
        to_name=to.name,
        to_address=to.email,
        reply_to=programme.contact.email,
        subject=words.say(
            "missing_file.subject",
            programme=programme.name,
            partner=agreement.name,
            day=words.day(alarm.due_on),
        ),
        text=templates.get_template("missing_file.txt.j2").render(values),
        html=templates.get_template("missing_file.html.j2").render(values),
    )
