"""Run the demo programme: three months, file by file, through a real Airflow.

    generate ─ drop by SFTP ─ receive_files ─ post_ledger ─ issue_vouchers ─ send_statements
               └───────────────────────── for each month ──────────────────────────────────┘

Each stage but the first is started by what the one before it announces. Running it again on
the same home drops the same files again, and changes nothing.
"""

import shlex
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from sqlalchemy import Engine

from tembaga import report
from tembaga.agreements import AgreementError
from tembaga.contract import ContractError
from tembaga.demo.delivery import DropFailedError, openssh_command
from tembaga.demo.month import Say, StageFailedError, Watched, drop_files, run_stages
from tembaga.demo.outside import NotReadyForTheDemoError, let_partners_in, running_airflow
from tembaga.demo.programme import MONTH_ENDS, DemoProgramme, generate
from tembaga.embedded import services
from tembaga.embedded.airflow import Airflow, AirflowNotReady
from tembaga.embedded.airflow_api import RunTimedOutError
from tembaga.embedded.postgres import PostgresNotStartedError
from tembaga.embedded.services import ServicesNotReadyError
from tembaga.register import RegisterUnreachableError, RegisterVersionError, open_register
from tembaga.register.enrol import enrol
from tembaga.report import Figures
from tembaga.rulepack import RulePackError
from tembaga.settings import Settings, SettingsError
from tembaga.upgrade import HalfRestoredError, upgrade
from tembaga.warehouse import WarehouseInUseError, WarehouseUnreachableError

TABLE_WIDTH = 130  # Where the output is no terminal.

_KNOWN = (
    AgreementError,
    AirflowNotReady,
    ContractError,
    DropFailedError,
    HalfRestoredError,
    NotReadyForTheDemoError,
    PostgresNotStartedError,
    RegisterUnreachableError,
    RegisterVersionError,
    RulePackError,
    RunTimedOutError,
    ServicesNotReadyError,
    SettingsError,
    StageFailedError,
    WarehouseInUseError,
    WarehouseUnreachableError,
)

# Nobody writes to the drop zone but the demo itself, and only the demo says when to look.
_UNATTENDED = {"settle_seconds": 1.0, "receive_schedule": None}


def run(settings: Settings, console: Console, *, airflow: str | None = None) -> int:
    """Run the whole demo on the home of `settings`; returns the exit code.

    With the address of an `airflow` that runs already, as in docker-compose, none is started.
    A second call on the same home posts nothing and mails nothing, and says so.
    """
    began = time.monotonic()

    def say(sentence: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:6.1f} s[/]  {sentence}", soft_wrap=True)

    def work() -> None:
        with _ready(settings.model_copy(update=_UNATTENDED), say) as demo:
            before, newest_file = report.figures(demo.engine), report.newest_file(demo.engine)
            with _watched(demo, airflow, say) as watched:
                _run_months(demo, watched, say)
            _show_tables(demo, console, after_file=newest_file)
            if airflow is None:
                _show_places(demo.settings, console)
            console.print(_summary(report.figures(demo.engine) - before), soft_wrap=True)
            say(report.head_in_words(demo.engine))
        say("The demo has ended, and nothing of it runs any more.")

    return _exit_code(work, console, when_stopped=130)


def up(settings: Settings, console: Console) -> int:
    """Start everything and leave it running until Ctrl-C; returns the exit code."""

    def say(sentence: str) -> None:
        console.print(sentence, soft_wrap=True)

    def work() -> None:
        with _ready(settings, say) as demo, Airflow(demo.settings, say=say) as airflow:
            _show_addresses(demo, airflow, console)
            while True:
                airflow.check()
                time.sleep(1)

    return _exit_code(work, console, when_stopped=0)


def _exit_code(work: Callable[[], None], console: Console, *, when_stopped: int) -> int:
    """Do the work; what is known to go wrong becomes a sentence."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # It stops our children, too.
    try:
        work()
    except KeyboardInterrupt:
        console.print("Stopped, and all that was started with it.")
        return when_stopped
    except _KNOWN as error:
        console.print(f"[red]{escape(str(error))}[/]", soft_wrap=True)
        return 1
    return 0


@dataclass(frozen=True)
class _Demo:
    """The demo programme on a home whose services run."""

    settings: Settings
    programme: DemoProgramme
    engine: Engine


@contextmanager
def _ready(settings: Settings, say: Say) -> Iterator[_Demo]:
    """Have the programme generated, the services running and everybody enrolled."""
    programme = generate(settings.root / "demo")
    say(f"{len(programme.drops)} files of three months are generated.")
    with services.running(settings) as reachable:
        let_partners_in(reachable)
        upgrade(reachable)
        engine = open_register(reachable.register_url)
        try:
            enrol(
                engine,
                outlets=programme.outlets,
                advocates=programme.advocates,
                standing_orders=programme.standing_orders,
            )
            say("Register, drop zone and mail catcher run; workshops and mechanics are enrolled.")
            yield _Demo(reachable, programme, engine)
        finally:
            engine.dispose()


@contextmanager
def _watched(demo: _Demo, url: str | None, say: Say) -> Iterator[Watched]:
    """The Airflow at an address, or one that is started here."""
    if url is None:
        with Airflow(demo.settings, say=say) as airflow:
            yield Watched(airflow.api, airflow.home / "logs")
    else:
        with running_airflow(url, demo.settings, say=say) as watched:
            yield watched


def _run_months(demo: _Demo, airflow: Watched, say: Say) -> None:
    for as_of in MONTH_ENDS:
        say(f"[bold]{as_of:%B %Y}[/]")
        drop_files(demo.programme.dropped_by(as_of), settings=demo.settings, say=say)
        run_stages(as_of, airflow=airflow, engine=demo.engine, say=say)


def _show_tables(demo: _Demo, console: Console, *, after_file: int) -> None:
    if not console.is_terminal:
        console.width = TABLE_WIDTH
    tables = [
        report.file_table(demo.engine, after=after_file),
        report.trial_balance_table(demo.settings),
        report.voucher_table(demo.engine),
        report.statement_table(demo.engine),
    ]
    for table in tables:
        console.print(table)


def _show_places(settings: Settings, console: Console) -> None:
    mail = settings.root / "mail"
    page = report.keep_readable_statement(mail, settings.root / "demo" / "statement.html")
    places = {
        "a statement, for the browser": page,
        f"the mails ({len(list(mail.glob('*.eml')))})": mail,
        "files as they came, and their rows": settings.landing,
        "answers to a distributor": settings.root / "drop_zone" / "banyumili" / "ack",
        "voucher batches of a merchant": settings.root / "drop_zone" / "pulsagama" / "vouchers",
        "logs of every task": settings.root / "airflow" / "logs",
        "all of it again, with Airflow's pages": "make up",
    }
    console.print("\n[bold]To look at[/]")
    for what, where in places.items():
        if where is not None:
            console.print(f"  {what:<38} {escape(str(where))}", soft_wrap=True)
    console.print()


def _summary(added: Figures) -> str:
    if added.loaded == added.batches == added.vouchers == added.statements == 0:
        return (
            f"[bold]Nothing new: of the {added.files} files dropped, {added.known_already} had "
            f"come before and {added.refused} were refused. Nothing was posted, no voucher was "
            "issued and no statement was mailed.[/]"
        )
    return (
        f"[bold]{added.files} files came: {added.loaded} loaded, {added.refused} refused, "
        f"{added.known_already} known already. {added.transfers:,} transfers posted in "
        f"{added.batches} batches, {added.vouchers} vouchers issued, {added.statements} "
        "statements mailed.[/]"
    )


def _show_addresses(demo: _Demo, airflow: Airflow, console: Console) -> None:
    settings = demo.settings
    sample = demo.programme.drops[0]
    lines = {
        "Airflow": airflow.url,
        "user": airflow.user,
        "password": f"in {settings.keys / 'airflow.json'}",
        "mails are kept in": settings.root / "mail",
        "addresses of the services": settings.services_file,
        "to drop a file, connect with": shlex.join(openssh_command(sample.partner, settings)),
        "and there": f'put "{sample.path}" /inbox/',
        "then trigger": 'receive_files, with {"as_of": "2026-01-31"}',
    }
    console.print("\n[bold]Everything runs. Ctrl-C stops it.[/]")
    for what, where in lines.items():
        console.print(f"  {what:<30} {escape(str(where))}", soft_wrap=True)
