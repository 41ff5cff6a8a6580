"""Send: a statement for each advocate and month, mailed once.

    prepare   ledger, register  ->  outbox        every statement that is due, all or none
    send      outbox            ->  mail server   each one once, in order of its number

The outbox is the register's table `statements`. It holds each statement as it will be read,
but for the codes of its vouchers: marks stand in their places, and the codes are put in only
while a mail is being sent, so that nobody can use what they read in the register.
"""

import logging
from calendar import monthrange
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on

from tembaga import issue
from tembaga.agreements import load_agreements
from tembaga.letters import write
from tembaga.mail import Mail, MailRefusedError, MailServer, open_mail_server
from tembaga.marts import Batch, Books, Marts, Reward, open_marts
from tembaga.movements import Names
from tembaga.register.tables import advocates, statements
from tembaga.rulepack import RulePack, load_programme, load_rulepack
from tembaga.settings import Settings
from tembaga.statement import Party, Span, Statement, StatementError, Voucher, build

log = logging.getLogger(__name__)

PREVIOUS = ("advocate", "period_ends_on", "batch_no", "closing")
MARK_BEGINS, MARK_ENDS = "⟨", "⟩"


class StatementsRefusedError(Exception):
    """The mail server refused some statements; the sentence says which and what to do."""


def prepare(engine: Engine, as_of: date, *, settings: Settings) -> int:
    """Put every statement that is due into the outbox, all or none; return how many.

    A statement is due for each month that has ended by `as_of`, to each advocate of the
    register who has points or had movements since the last statement. The months come in
    order. A second call makes nothing new.

    Raises:
        StatementError: Some do not foot; none is made.
        WarehouseInUseError: Another process is writing to the warehouse.
    """
    with engine.begin() as register, open_marts(settings) as marts:
        if not marts.has_books():
            return 0
        register.execute(text("lock table statements in share row exclusive mode"))
        desk = _Desk(
            register,
            marts,
            _parties(register, marts),
            pack := load_rulepack(settings.campaigns),
            rewards := marts.rewards(),
            names=_names(rewards, pack, settings),
            vouchers=partial(issue.codes_of, engine, settings=settings),
        )
        made = sum(
            desk.prepare_month(ends_on, closing)
            for ends_on, closing in _months(marts.batches(), as_of)
        )
    log.info("%d statements made", made)
    return made


def send(engine: Engine, *, settings: Settings, now: datetime) -> int:
    """Mail what lies in the outbox, each statement once, in order; return how many.

    A statement is marked as sent as soon as the server has taken it. Advocates who do not
    want mail at this moment get none, and their statement stays withheld. One that is
    refused does not stop the others; a second call tries it again.

    Raises:
        MailServerUnreachableError: Nobody answers; what was sent before stays sent.
        StatementsRefusedError: The server refused some; the others are sent.
    """
    waiting = (
        select(statements.c.statement_no)
        .where(statements.c.sent_at.is_(None), statements.c.withheld_at.is_(None))
        .order_by(statements.c.statement_no)
    )
    with engine.connect() as register:
        numbers: Sequence[int] = register.scalars(waiting).all()
    reply_to = load_programme(settings.campaigns).contact.email
    vouchers = partial(issue.codes_of, engine, settings=settings)
    sent, refusals = 0, []
    with open_mail_server(settings) as server:
        for statement_no in numbers:
            with engine.begin() as register:
                post = _Post(register, server, reply_to=reply_to, vouchers=vouchers, now=now)
                try:
                    sent += post.send(statement_no)
                except MailRefusedError as refusal:
                    post.mark(statement_no, refusal=str(refusal))
                    refusals.append(f"no. {statement_no} ({refusal})")
    log.info("%d statements sent, %d refused", sent, len(refusals))
    if refusals:
        raise StatementsRefusedError(_refused_sentence(refusals, len(numbers)))
    return sent


@dataclass(frozen=True)
class _Desk:
    """Where statements are made: the open stores, and what readers call things."""

    register: Connection
    marts: Marts
    parties: dict[str, Party]
    pack: RulePack
    rewards: dict[str, Reward]
    names: dict[str, Names]
    vouchers: Callable[[str, int, int], Sequence[issue.Voucher]]

    def prepare_month(self, ends_on: date, closing: Batch) -> int:
        """Make the statements of the month that ends on this day; say how many."""
        previous = self._previous()
        first_batches = {
            advocate: previous[advocate].batch_no + 1 if advocate in previous else 1
            for advocate in sorted(self.parties)
            if advocate not in previous or previous[advocate].period_ends_on < ends_on
        }
        if not first_batches:
            return 0
        books = self.marts.books(first_batches, closing_batch=closing.batch_no)
        statement_no = self.register.scalar(select(func.max(statements.c.statement_no))) or 0
        made, faults = 0, []
        for advocate, first_batch_no in first_batches.items():
            if not _is_due(books[advocate]):
                continue
            before = previous[advocate].closing if advocate in previous else None
            statement_no, made = statement_no + 1, made + 1
            span = Span(
                statement_no, ends_on.replace(day=1), ends_on, first_batch_no, closing, before
            )
            try:
                self._put_out(self._statement(self.parties[advocate], span, books[advocate]))
            except StatementError as fault:
                faults.append(str(fault))
        if faults:
            raise StatementError(_faults_sentence(faults, ends_on))
        return made

    def _previous(self) -> dict[str, Row[Any]]:
        """The last statement of each advocate."""
        columns = (statements.c[name] for name in PREVIOUS)
        latest = select(*columns).ext(distinct_on(statements.c.advocate))
        order = statements.c.advocate, statements.c.period_ends_on.desc()
        return {row.advocate: row for row in self.register.execute(latest.order_by(*order))}

    def _statement(self, party: Party, span: Span, books: Books) -> Statement:
        if party.language not in self.names:
            raise StatementError(f"{party.advocate}: there are no words in {party.language!r}")
        names = self.names[party.language]
        issued: Sequence[issue.Voucher] = ()
        if any(movement.rule == "issue" for movement in books.movements):
            issued = self.vouchers(party.advocate, span.first_batch_no, span.closing.batch_no)
        vouchers = [self._voucher(voucher, names) for voucher in issued]
        return build(party, span, books, vouchers=vouchers, names=names)

    def _voucher(self, voucher: issue.Voucher, names: Names) -> Voucher:
        reward = self.rewards.get(voucher.reward)
        return Voucher(
            reward=names.rewards.get(voucher.reward, voucher.reward),
            merchant=reward.merchant_name if reward else voucher.merchant,
            code=_mark(voucher),
            face_minor=voucher.face_minor,
            currency=voucher.currency,
            usable_until=voucher.usable_until,
            deliver_to=reward.deliver_to if reward else "code",
        )

    def _put_out(self, statement: Statement) -> None:
        letter = write(statement, self.pack.programme)
        row = {
            "statement_no": statement.span.statement_no,
            "advocate": statement.party.advocate,
            "period_ends_on": statement.span.ends_on,
            "first_batch_no": statement.span.first_batch_no,
            "batch_no": statement.span.closing.batch_no,
            "closing": statement.closing,
            "subject_line": letter.subject,
            "html": letter.html,
            "text": letter.text,
        }
        self.register.execute(insert(statements), row)


@dataclass(frozen=True)
class _Post:
    """Where one statement leaves the outbox, within one transaction."""

    register: Connection
    server: MailServer
    reply_to: str
    vouchers: Callable[[str, int, int], Sequence[issue.Voucher]]
    now: datetime

    def send(self, statement_no: int) -> int:
        """Mail a statement unless that has been done meanwhile; 1 if it was mailed, else 0."""
        row = self.register.execute(
            select(statements, advocates.c.name, advocates.c.email, advocates.c.mail_statements)
            .join(advocates, statements.c.advocate == advocates.c.advocate)
            .where(statements.c.statement_no == statement_no, statements.c.sent_at.is_(None))
            .with_for_update(of=statements, skip_locked=True)  # Another run may be sending it.
        ).one_or_none()
        if row is None:
            return 0
        if not row.mail_statements:
            self.mark(statement_no, withheld_at=self.now)
            return 0
        self.server.deliver(self._mail(row), now=self.now)
        self.mark(statement_no, sent_at=self.now, refusal=None)
        return 1

    def mark(self, statement_no: int, **outcome: object) -> None:
        """Write down what became of a statement."""
        where = statements.c.statement_no == statement_no
        self.register.execute(update(statements).where(where).values(outcome))

    def _mail(self, row: Row[Any]) -> Mail:
        written, html = row.text, row.html
        if MARK_BEGINS in written:
            for voucher in self.vouchers(row.advocate, row.first_batch_no, row.batch_no):
                written = written.replace(_mark(voucher), voucher.code)
                html = html.replace(_mark(voucher), voucher.code)
        return Mail(
            name=f"statement-{row.statement_no:06d}",
            to_name=row.name,
            to_address=row.email,
            reply_to=self.reply_to,
            subject=row.subject_line,
            text=written,
            html=html,
        )


def _parties(register: Connection, marts: Marts) -> dict[str, Party]:
    """The advocates who are in the ledger and in the register: others have no address."""
    known = marts.advocates()
    columns = advocates.c.advocate, advocates.c.name, advocates.c.language
    rows = register.execute(select(*columns))
    parties = {row.advocate: Party(row.advocate, row.name, row.language) for row in rows}
    if strangers := known - parties.keys():
        log.info("no statement for %d advocates who are not in the register", len(strangers))
    return {advocate: parties[advocate] for advocate in known & parties.keys()}


def _months(batches: Sequence[Batch], as_of: date) -> Iterator[tuple[date, Batch]]:
    """The month ends up to `as_of`, each with the last batch that is not after it.

    A month that the books have not reached is not told of, however late it is.
    """
    ends_on = _month_end(batches[0].as_of) if batches else date.max
    last_day = min(as_of, batches[-1].as_of) if batches else as_of
    while ends_on <= last_day:
        yield ends_on, [batch for batch in batches if batch.as_of <= ends_on][-1]
        ends_on = _month_end(ends_on + timedelta(days=1))


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def _is_due(books: Books) -> bool:
    return bool(books.movements) or any(balance.closing for balance in books.balances)


def _mark(voucher: issue.Voucher) -> str:
    """What stands in the outbox in the place of a code, and is as long."""
    return MARK_BEGINS + str(voucher.voucher_no).zfill(len(voucher.code) - 2) + MARK_ENDS


def _names(rewards: dict[str, Reward], pack: RulePack, settings: Settings) -> dict[str, Names]:
    """What readers call things, by language."""
    agreements = load_agreements(settings.agreements, programme=settings.programme)
    partners = {partner: agreement.name for partner, agreement in agreements.items()}
    products = {product.sku: product.name for product in pack.products}
    return {
        "id": Names(products, partners, {key: reward.name_id for key, reward in rewards.items()}),
        "en": Names(products, partners, {key: reward.name_en for key, reward in rewards.items()}),
    }


def _faults_sentence(faults: list[str], ends_on: date) -> str:
    listed = "".join(f"\n  {fault}" for fault in faults[:10])
    return f"{len(faults)} statements of {ends_on} cannot be made, so none was:{listed}"


def _refused_sentence(refusals: list[str], tried: int) -> str:
    return (
        f"The mail server refused {len(refusals)} of {tried} statements: "
        f"{', '.join(refusals[:10])}. The others are done. Correct the addresses, enrol them "
        "again, and send again."
    )
