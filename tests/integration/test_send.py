"""Statements are made once for each month, and each is mailed once, whatever happens between."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from shutil import copyfile
from socket import socket
from subprocess import PIPE, Popen

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import Engine, insert, select, text, update

from tembaga.embedded.mail_catcher import mail_catcher
from tembaga.issue import voucher_key
from tembaga.mail import MailServerUnreachableError
from tembaga.register.tables import (
    advocates,
    batches,
    outlets,
    statements,
    voucher_batches,
    vouchers,
)
from tembaga.send import StatementsRefusedError, prepare, send
from tembaga.settings import Settings, load_settings
from tembaga.statement import StatementError
from tembaga.vouchers import code_hmac, voucher_code
from tembaga.warehouse import WarehouseInUseError, open_warehouse
from tests.books import BUDI, FEBRUARY, JANUARY, REWARD, SARI, keep_the_story

NOW = datetime(2026, 3, 1, 1, 0, tzinfo=UTC)
BUDIS_VOUCHER, SARIS_VOUCHER = 1, 2


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with the story, to be copied."""
    settings = load_settings(home=tmp_path_factory.mktemp("story"))
    keep_the_story(settings)
    return settings.warehouse_file


@pytest.fixture
def home(settings: Settings, register: Engine, story: Path) -> Settings:
    """A home with the story in its warehouse, and Budi and Sari enrolled."""
    settings.root.mkdir(parents=True, exist_ok=True)
    copyfile(story, settings.warehouse_file)
    with register.begin() as connection:
        connection.execute(
            insert(outlets).values(
                outlet="BKL-01", name="Bengkel Maju", address="Jl. Melati 1", city="A", province="B"
            )
        )
        for advocate, name, language in (
            (BUDI, "Budi Santoso", "id"),
            (SARI, "Sari Wulandari", "en"),
        ):
            connection.execute(
                insert(advocates).values(
                    advocate=advocate,
                    name=name,
                    email=f"{name.split()[0].lower()}@bengkel.example",
                    phone="+62800",
                    language=language,
                    outlet="BKL-01",
                    mail_statements=True,
                )
            )
    _issue_vouchers(register, settings)
    return settings


def _issue_vouchers(register: Engine, settings: Settings) -> None:
    """What `issue` leaves in the register when batch 3 has posted its vouchers."""
    key = voucher_key(settings)
    with register.begin() as connection:
        connection.execute(
            insert(batches).values(
                batch_no=3,
                as_of=date(2026, 2, 14),
                manifest_sha256="0" * 64,
                rulepack_sha256="0" * 64,
                opened_at=NOW,
            )
        )
        connection.execute(
            insert(voucher_batches).values(
                voucher_batch_no=1,
                merchant="gentala_mart",
                batch_no=3,
                vouchers=2,
                face_minor=10_000_000,
                currency="IDR",
            )
        )
        for voucher_no, advocate in ((BUDIS_VOUCHER, BUDI), (SARIS_VOUCHER, SARI)):
            connection.execute(
                insert(vouchers).values(
                    voucher_no=voucher_no,
                    request_no=voucher_no,
                    voucher_batch_no=1,
                    advocate=advocate,
                    reward=REWARD,
                    face_minor=5_000_000,
                    code_hmac=code_hmac(voucher_code(voucher_no, key), key),
                    usable_until=date(2026, 5, 15),
                    deliver_to="code",
                    batch_no=3,
                )
            )


@pytest.fixture
def reached(home: Settings) -> Iterator[Settings]:
    """The same home, with a mail server that keeps every mail in `home/mail`."""
    with mail_catcher(home.root / "mail", preferred_port=0) as port:
        yield home.model_copy(update={"smtp_port": port})


def mails(settings: Settings) -> list[EmailMessage]:
    paths = sorted((settings.root / "mail").glob("*.eml"))
    return [message_from_bytes(path.read_bytes(), policy=default) for path in paths]


def outbox(register: Engine) -> list[tuple[object, ...]]:
    """Number, advocate, month and batches of each statement."""
    columns = ("statement_no", "advocate", "period_ends_on", "first_batch_no", "batch_no")
    wanted = select(*(statements.c[name] for name in columns)).order_by(statements.c.statement_no)
    with register.connect() as connection:
        return [tuple(row) for row in connection.execute(wanted)]


def outcome(register: Engine, statement_no: int) -> tuple[bool, bool, str | None]:
    """Whether a statement was sent, whether it was withheld, and how it was refused."""
    with register.connect() as connection:
        row = connection.execute(
            select(statements).where(statements.c.statement_no == statement_no)
        ).one()
    return row.sent_at is not None, row.withheld_at is not None, row.refusal


def change_advocate(register: Engine, advocate: str, **values: object) -> None:
    with register.begin() as connection:
        connection.execute(update(advocates).where(advocates.c.advocate == advocate).values(values))


class Server:
    """A mail server that takes, refuses or hangs up as it is told."""

    def __init__(self, answer: Callable[[str, int], str | None]) -> None:
        self.answer = answer
        self.asked = 0
        self.taken: list[bytes] = []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name.
        self.asked += 1
        reply = self.answer(address, self.asked)
        if reply == "hang up":
            server.transport.close()
            return "250 never heard"
        if reply is None:
            envelope.rcpt_tos.append(address)
        return reply or "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name.
        self.taken.append(envelope.content)
        return "250 OK"


@contextmanager
def mail_server(
    home: Settings, answer: Callable[[str, int], str | None]
) -> Iterator[tuple[Settings, Server]]:
    handler = Server(answer)
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield home.model_copy(update={"smtp_port": port}), handler
    finally:
        controller.stop()


def test_each_month_that_has_ended_gets_its_statements_in_order(home, register):
    made = prepare(register, date(2026, 3, 7), settings=home)

    assert made == 4
    assert outbox(register) == [
        (1, BUDI, JANUARY, 1, 2),
        (2, SARI, JANUARY, 1, 2),
        (3, BUDI, FEBRUARY, 3, 4),
        (4, SARI, FEBRUARY, 3, 4),
    ]


def test_preparing_again_makes_nothing_new(home, register):
    prepare(register, FEBRUARY, settings=home)
    before = outbox(register)

    assert prepare(register, FEBRUARY, settings=home) == 0
    assert outbox(register) == before


def test_months_made_one_by_one_are_the_same_as_made_at_once(home, register):
    assert prepare(register, date(2026, 2, 27), settings=home) == 2
    assert prepare(register, date(2026, 3, 7), settings=home) == 2

    assert [row[3:] for row in outbox(register)] == [(1, 2), (1, 2), (3, 4), (3, 4)]


def test_points_that_rest_are_told_of_too(home, register):
    with open_warehouse(home) as warehouse:
        batch = "insert into ledger.batches values (6, date '2026-04-30', 0, :head)"
        warehouse.execute(text(batch), {"head": "0" * 64})

    prepare(register, date(2026, 4, 30), settings=home)

    assert outbox(register)[4:] == [
        (5, BUDI, date(2026, 3, 31), 5, 5),
        (6, SARI, date(2026, 3, 31), 5, 5),
        (7, BUDI, date(2026, 4, 30), 6, 6),
        (8, SARI, date(2026, 4, 30), 6, 6),
    ]


def test_a_month_that_the_books_have_not_reached_is_not_told_of(home, register):
    prepare(register, date(2026, 12, 31), settings=home)

    assert {row[2] for row in outbox(register)} == {JANUARY, FEBRUARY}


def test_before_anything_is_posted_there_is_no_statement(settings, register):
    assert prepare(register, FEBRUARY, settings=settings) == 0


def test_who_is_not_in_the_register_gets_no_statement(home, register, caplog):
    with register.begin() as connection:
        connection.execute(advocates.delete().where(advocates.c.advocate == SARI))
    caplog.set_level("INFO")

    assert prepare(register, JANUARY, settings=home) == 1
    assert "no statement for 1 advocates" in caplog.text


def test_books_that_changed_under_a_statement_stop_the_next_one(home, register):
    prepare(register, JANUARY, settings=home)
    with open_warehouse(home) as warehouse:
        warehouse.execute(
            text(
                "update marts.fct_movements set amount = amount + 1 "
                "where batch_no = 1 and document = 'INV-0012'"
            )
        )

    with pytest.raises(StatementError, match=f"{BUDI}: pending opens with 499, but .* 498"):
        prepare(register, FEBRUARY, settings=home)
    assert len(outbox(register)) == 2


def test_a_language_without_words_is_named(home, register):
    change_advocate(register, SARI, language="fr")

    with pytest.raises(StatementError, match=f"{SARI}: there are no words in 'fr'"):
        prepare(register, JANUARY, settings=home)


def test_a_warehouse_that_is_being_written_is_named(home, register):
    other = _hold_open(home.warehouse_file)
    try:
        with pytest.raises(WarehouseInUseError, match=r"warehouse\.duckdb is in use"):
            prepare(register, FEBRUARY, settings=home)
    finally:
        other.kill()
        other.wait()


def test_a_mail_says_the_same_in_html_and_in_plain_text(reached, register):
    prepare(register, FEBRUARY, settings=reached)

    assert send(register, settings=reached, now=NOW) == 4
    budis = mails(reached)[2]
    plain, html = budis.get_body(("plain",)), budis.get_body(("html",))
    assert budis["Message-ID"] == "<statement-000003@tembaga.example>"
    assert budis["To"] == "Budi Santoso <budi@bengkel.example>"
    assert budis["Reply-To"] == "sahabat@rajawali.example"
    assert budis["Subject"] == "Sahabat Rajawali: 768 poin tersedia, laporan Februari 2026"
    assert "Penjualan – faktur PK/02/0007, 9 Feb" in plain.get_content()
    assert "faktur PK/02/0007, 9 Feb" in html.get_content()
    assert "CV Tapakrimba Niaga" in plain.get_content()


def test_sending_again_sends_nothing(reached, register):
    prepare(register, FEBRUARY, settings=reached)
    send(register, settings=reached, now=NOW)

    assert send(register, settings=reached, now=NOW) == 0
    assert len(mails(reached)) == 4


def test_the_codes_of_vouchers_are_in_the_mail_and_not_in_the_register(reached, register):
    code = voucher_code(BUDIS_VOUCHER, voucher_key(reached))
    prepare(register, FEBRUARY, settings=reached)
    with register.connect() as connection:
        kept = connection.execute(select(statements.c.html, statements.c.text)).all()

    send(register, settings=reached, now=NOW)
    saris = voucher_code(SARIS_VOUCHER, voucher_key(reached))
    assert not any(code in part for row in kept for part in row)
    assert code in mails(reached)[2].get_body(("plain",)).get_content()
    assert code in mails(reached)[2].get_body(("html",)).get_content()
    assert saris not in mails(reached)[2].as_string()
    assert saris in mails(reached)[3].get_body(("plain",)).get_content()


def test_who_wants_no_mail_at_the_moment_of_sending_gets_none(reached, register):
    prepare(register, JANUARY, settings=reached)
    change_advocate(register, BUDI, mail_statements=False)

    assert send(register, settings=reached, now=NOW) == 1
    change_advocate(register, BUDI, mail_statements=True)
    assert send(register, settings=reached, now=NOW) == 0
    assert outcome(register, 1) == (False, True, None)


def test_one_refused_recipient_does_not_stop_the_others(home, register):
    def no_budi(address: str, asked: int) -> str | None:
        return "550 no such user" if address.startswith("budi") else None

    prepare(register, JANUARY, settings=home)

    with mail_server(home, no_budi) as (settings, server):
        with pytest.raises(StatementsRefusedError, match=r"refused 1 of 2 .*no\. 1 \(550 no such"):
            send(register, settings=settings, now=NOW)
        assert len(server.taken) == 1
        assert outcome(register, 1) == (False, False, "550 no such user")
        assert outcome(register, 2) == (True, False, None)
        server.answer = lambda address, asked: None
        assert send(register, settings=settings, now=NOW) == 1
    assert outcome(register, 1) == (True, False, None)


@pytest.mark.parametrize(
    "address", ["", "budi", "budi@", "budi santoso@x.example", "b@x\n.example"]
)
def test_what_cannot_be_an_address_is_refused_like_one(reached, register, address):
    prepare(register, JANUARY, settings=reached)
    change_advocate(register, BUDI, email=address)

    with pytest.raises(StatementsRefusedError, match="not a mail address"):
        send(register, settings=reached, now=NOW)
    assert outcome(register, 2)[0]


def test_a_server_that_is_not_there_is_named(home, register):
    prepare(register, JANUARY, settings=home)
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    with pytest.raises(MailServerUnreachableError, match=f"127.0.0.1:{port} does not answer"):
        send(register, settings=home.model_copy(update={"smtp_port": port}), now=NOW)
    assert outcome(register, 1) == (False, False, None)


@pytest.mark.parametrize("reply", ["hang up", "421 closing down"])
def test_a_connection_that_breaks_is_opened_again(home, register, reply):
    prepare(register, FEBRUARY, settings=home)

    with mail_server(home, lambda _, asked: reply if asked == 2 else None) as (settings, server):
        assert send(register, settings=settings, now=NOW) == 4
        assert len(server.taken) == 4


def test_a_server_that_keeps_hanging_up_is_named_and_what_was_sent_stays_sent(home, register):
    prepare(register, FEBRUARY, settings=home)

    with mail_server(home, lambda _, asked: "hang up" if asked > 1 else None) as (settings, server):
        with pytest.raises(MailServerUnreachableError):
            send(register, settings=settings, now=NOW)
        server.answer = lambda address, asked: None
        assert send(register, settings=settings, now=NOW) == 3
    assert len(server.taken) == 4


def test_a_mail_repeated_after_a_crash_is_known_by_its_message_id(reached, register):
    prepare(register, JANUARY, settings=reached)
    send(register, settings=reached, now=NOW)
    with register.begin() as connection:  # As if it had died before it could write this down.
        connection.execute(update(statements).values(sent_at=None))

    assert send(register, settings=reached, now=NOW) == 2
    assert len(mails(reached)) == 2


def test_two_senders_at_once_send_each_statement_once(home, register):
    prepare(register, FEBRUARY, settings=home)

    def answer(address: str, asked: int) -> str | None:
        return None

    with mail_server(home, answer) as (settings, server), ThreadPoolExecutor() as both:
        runs = [both.submit(send, register, settings=settings, now=NOW) for _ in range(2)]
        assert sum(run.result() for run in runs) == 4
    assert len(server.taken) == 4


def _hold_open(warehouse: Path) -> Popen[bytes]:
    """Another process that has the warehouse open for writing."""
    program = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); input()"
    other = Popen([sys.executable, "-c", program, str(warehouse)], stdin=PIPE, stdout=PIPE)
    assert other.stdout is not None
    other.stdout.readline()
    return other
