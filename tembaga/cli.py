"""The command line: `tembaga`."""

import getpass
import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape

from tembaga.settings import Settings, load_settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tembaga.installation import Installation
    from tembaga.questions import Answer

app = typer.Typer(
    help="""Tembaga turns distributors' sales files into rewards that everyone can trust.

    It works on a home, a folder that holds everything it writes. The services that a home needs
    (register, drop zone, mail catcher) are started when none are running.

    The stages, in order: receive (with validate and load), post, issue, send.
    Each takes up all that waits for it, and may be run again at any time.
    """,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
agreement = typer.Typer(
    help="Agreements with partners: draft one from a sample, and try one on a file.",
    no_args_is_help=True,
)
app.add_typer(agreement, name="agreement")
partner_app = typer.Typer(no_args_is_help=True, help="Who may log in to the drop zone.")
app.add_typer(partner_app, name="partner")
console = Console()

ANSWER_WIDTH = 160
STATUS_WIDTH = 130  # A narrower terminal wraps the lines; nothing is left out.

AsOf = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"],
        help="The day for which the books are made; they never go back. Default: today.",
    ),
]
BooksDay = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"], help="The day of the books; default: that of the last batch."
    ),
]


OnDay = Annotated[
    datetime | None,
    typer.Option("--on", formats=["%Y-%m-%d"], help="What is effective up to this day."),
]
KnownAt = Annotated[
    int | None,
    typer.Option("--as-known-at", help="What was posted up to this batch; default: the last."),
]
AnswerFormat = Annotated[
    Literal["table", "csv"], typer.Option("--format", help="For people, or for programs.")
]


@app.callback()
def tembaga(
    context: typer.Context,
    home: Annotated[
        Path | None, typer.Option(help="The home; default: TEMBAGA_HOME, else ./var.")
    ] = None,
    programme: Annotated[
        str | None, typer.Option(help="The folder under campaigns/; default: demo.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say what is done.")] = False,
) -> None:
    """Read the settings that every command works with."""
    _log_to_stderr(verbose=verbose)
    given = {"home": home, "programme": programme}
    with _in_sentences(Console(stderr=True)):
        context.obj = load_settings(**{name: value for name, value in given.items() if value})


@app.command()
def demo(
    context: typer.Context,
    airflow: Annotated[
        str | None,
        typer.Option(help="The address of an Airflow that runs already; default: one is started."),
    ] = None,
) -> None:
    """Run three months of the demo programme through Airflow, show what came of it, and end."""
    from tembaga.demo.run import run

    raise typer.Exit(run(context.obj, console, airflow=airflow))


@app.command()
def up(context: typer.Context) -> None:
    """Start everything, with Airflow's pages, and leave it running until Ctrl-C."""
    from tembaga.demo.run import up as run_up

    raise typer.Exit(run_up(context.obj, console))


@app.command()
def real(
    context: typer.Context,
    data: Annotated[
        Path, typer.Argument(help="The folder of sales files.", exists=True, file_okay=False)
    ],
    partner: Annotated[
        str, typer.Option(help="The partner whose agreement describes them.")
    ] = "online_retail",
) -> None:
    """Take a folder of real sales files through every stage, and add up every line."""
    from tembaga import real as real_files

    settings: Settings = context.obj
    if "programme" not in settings.model_fields_set:
        settings = settings.model_copy(update={"programme": "online_retail"})
    with _installation(settings) as here:
        real_files.run(here, data, partner=partner, console=console)


@app.command()
def public_key(context: typer.Context) -> None:
    """Print the OpenPGP key for which partners encrypt; the first call makes it."""
    from tembaga.reading.decryption import public_key as ours

    print(ours(context.obj.keys), end="")  # noqa: T201 - as it is, to be written into a file.


@app.command()
def receive(context: typer.Context) -> None:
    """Receive, validate, load and answer the files in the partners' inboxes."""
    from tembaga import stages

    with _installation(context.obj) as here:
        stages.receive_files(here, console.print)


@app.command()
def post(context: typer.Context, as_of: AsOf = None) -> None:
    """Post what was loaded to the ledger, as one sealed batch."""
    from tembaga import stages

    with _installation(context.obj) as here:
        stages.post_ledger(here, _day(here, as_of), _say)


@app.command()
def submit(
    context: typer.Context,
    feed: Annotated[
        str,
        typer.Argument(
            help="requests, cancellations, adjustments, opening_balances, merges, reversals, "
            "releases, claims or payments",
        ),
    ],
    file: Annotated[Path, typer.Argument(help="CSV in UTF-8, with the columns of the feed.")],
) -> None:
    """Take a paper of the office, whole or not at all; the next post books it."""
    from tembaga import papers
    from tembaga.paper_lines import LINES

    if feed not in LINES:
        raise typer.BadParameter(f"there is no feed {feed!r}; choose one of {', '.join(LINES)}")
    with _installation(context.obj) as here:
        taken = papers.submit(here.engine, feed, file, settings=here.settings, now=here.now())
    _say(taken.says)


@app.command()
def close(
    context: typer.Context,
    period: Annotated[str, typer.Argument(help="The month, as 2026-03.")],
    by: Annotated[
        str | None, typer.Option(help="Who closes it; default: whoever is logged in.")
    ] = None,
) -> None:
    """Close a month and all before it: nothing is posted into it any more."""
    from tembaga import close as closing

    with _installation(context.obj) as here:
        closed = closing.close(
            here.engine, period, by=by or _who(), today=here.today(), now=here.now()
        )
    _say(closed.says(period))


@app.command()
def replay(
    context: typer.Context,
    into: Annotated[
        Path | None,
        typer.Option(help="An empty folder for the warehouse; default: one that passes."),
    ] = None,
    warehouse_url: Annotated[
        str | None, typer.Option(help="Or an empty PostgreSQL database, as SQLAlchemy writes it.")
    ] = None,
) -> None:
    """Rebuild the ledger from the landing and the recorded batches, and compare every head."""
    from tembaga import replay as replaying

    with _installation(context.obj) as here:
        replayed = replaying.replay(
            here.engine,
            settings=here.settings,
            into=into,
            warehouse_url=warehouse_url,
            say=_say,
        )
    console.print(f"Batches replayed: {replayed}. Every head equals the recorded one.")


@app.command()
def issue(context: typer.Context, as_of: BooksDay = None) -> None:
    """Issue the vouchers of open requests, deliver them to the merchants, and post them."""
    from tembaga import stages

    with _installation(context.obj) as here:
        stages.issue_vouchers(here, _books_day(here, as_of), console.print)


@app.command()
def send(context: typer.Context, as_of: BooksDay = None) -> None:
    """Mail the statements of every month that has ended, each once."""
    from tembaga import stages

    with _installation(context.obj) as here:
        stages.send_statements(here, _books_day(here, as_of), console.print)


@app.command()
def enrol(
    context: typer.Context,
    outlets: Annotated[Path | None, typer.Option(help="CSV: outlet, name, address, …")] = None,
    advocates: Annotated[Path | None, typer.Option(help="CSV: advocate, name, email, …")] = None,
    standing_orders: Annotated[Path | None, typer.Option(help="CSV: advocate, reward")] = None,
) -> None:
    """Enrol outlets, advocates and their standing orders, or bring them up to date."""
    from tembaga.register.enrol import enrol as enrol_files

    with _installation(context.obj) as here:
        enrol_files(
            here.engine, outlets=outlets, advocates=advocates, standing_orders=standing_orders
        )


@partner_app.command("add")
def add_partner(
    context: typer.Context,
    partner: Annotated[str, typer.Argument(help="The partner, as its folder is called.")],
    key: Annotated[
        list[Path] | None,
        typer.Option(help="Its public key, a .pub file; default: those of its agreement."),
    ] = None,
    quota: Annotated[
        float | None, typer.Option(help="How much its inbox may hold, in GB; default: 10.")
    ] = None,
) -> None:
    """Let a partner into the drop zone, or give it other keys. Its agreement must be there."""
    from tembaga import accounts

    settings: Settings = context.obj
    with _in_sentences():
        agreement = accounts.agreement_with(partner, settings=settings)
        quota_bytes = int(quota * 1024**3) if quota else accounts.QUOTA_BYTES
        number = accounts.add(agreement, key or (), settings=settings, quota_bytes=quota_bytes)
    _say(f"{partner} may log in with {number} {'key' if number == 1 else 'keys'}.")


@partner_app.command("remove")
def remove_partner(
    context: typer.Context,
    partner: Annotated[str, typer.Argument(help="The partner, as its folder is called.")],
) -> None:
    """Shut a partner out of the drop zone. Its files stay."""
    from tembaga import accounts

    was_in = accounts.remove(partner, settings=context.obj)
    _say(f"{partner} may not log in any more." if was_in else f"{partner} had not been let in.")


@app.command()
def status(context: typer.Context) -> None:
    """Show files and missing files, trial balance, voucher batches and statements of a home."""
    from tembaga import report

    with _installation(context.obj) as here:
        tables = [
            report.file_table(here.engine),
            report.missing_table(here.engine),
            report.trial_balance_table(here.settings),
            report.voucher_table(here.engine),
            report.statement_table(here.engine),
        ]
    for table in tables:
        console.print(table, width=max(console.width, STATUS_WIDTH), crop=False)


@app.command()
def held(context: typer.Context, form: AnswerFormat = "table") -> None:
    """Show the lines that wait for a person; `tembaga submit releases` answers them."""
    from tembaga import questions
    from tembaga.held import for_an_answer

    with _installation(context.obj) as here, here.engine.connect() as register:
        lines = for_an_answer(register, settings=here.settings)
    columns = ("of_file_no", "of_line_no", "partner", "code", "seen", "document", "advocate")
    title = f"Lines that wait for a person, and why: {len(lines)}"
    _show(questions.Answer(title, (*columns, "day", "amount"), lines), form)


@app.command()
def docs(context: typer.Context) -> None:
    """Build the data docs: what was found in every file, as pages under the home."""
    from tembaga import data_docs

    with _installation(context.obj) as here:
        _say(f"The data docs begin at {data_docs.build(here.engine, settings=here.settings)}.")


@app.command()
def migrate(context: typer.Context) -> None:
    """Bring the register and the warehouse to what this version needs; never backwards."""
    from tembaga.embedded import services
    from tembaga.upgrade import upgrade

    with _in_sentences(), services.running(context.obj) as reachable:
        upgrade(reachable, is_asked=True, say=_say)
    _say("The register and the warehouse are as this version needs them.")


@app.command()
def check(context: typer.Context) -> None:
    """Look whether a service may start: settings, keys, register and warehouse; 1 if it may not."""
    from tembaga.upgrade import check as check_all

    with _in_sentences(Console(stderr=True)):
        check_all(context.obj)
    _say("Settings, register and warehouse are as this version needs them.")


@app.command()
def backup(
    context: typer.Context,
    to: Annotated[Path, typer.Argument(help="An empty folder, or one that is not there yet.")],
) -> None:
    """Write the register and the warehouse of this moment into a folder, whole or not at all."""
    from tembaga import backup as backups

    with _installation(context.obj) as here:
        made = backups.backup(here.engine, to, settings=here.settings)
    _say(f"Backed up to {to}: {made.says()}. Keep the landing and the keys beside it.")


@app.command()
def restore(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A folder that `tembaga backup` wrote.")],
) -> None:
    """Bring an empty home to what a backup holds; the landing and the keys must be there."""
    from tembaga import restore as restoring
    from tembaga.embedded import services

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # The services are to be stopped.
    with _in_sentences(), services.running(context.obj) as reachable:
        made = restoring.restore(folder, settings=reachable, say=_say)
    _say(f"Restored: {made.says()}. Run `tembaga verify` before anything is posted.")


@app.command()
def verify(
    context: typer.Context,
    law: Annotated[str | None, typer.Option(help="Only this law, by its name.")] = None,
) -> None:
    """Recompute the whole ledger and its seals, and say which laws hold; 1 if one is broken."""
    from tembaga import verify as verifying

    with _installation(context.obj) as here:
        raise typer.Exit(
            verifying.run(here.engine, settings=here.settings, console=console, only=law)
        )


@app.command()
def export(
    context: typer.Context,
    journal: Annotated[
        Literal["hledger", "ledger", "beancount"],
        typer.Option("--format", help="The tool that is to read it."),
    ],
    batch: Annotated[int | None, typer.Option(help="One batch, as the ledger stood then.")] = None,
    from_on: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="The first day that is written."),
    ] = None,
    to_on: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="The last one; default: where they stand."),
    ] = None,
) -> None:
    """Write a batch or a period as plain-text accounting, with balances before and after it."""
    from tembaga import export as exports
    from tembaga.journals import FORMATS

    with _reading(context.obj) as warehouse:
        days = [day.date() if day else None for day in (from_on, to_on)]
        span = exports.span(warehouse, batch_no=batch, from_on=days[0], to_on=days[1])
        for part in exports.export(warehouse, span, FORMATS[journal]):
            sys.stdout.write(part)


@app.command()
def balance(
    context: typer.Context,
    advocate: Annotated[str, typer.Argument(help="The number on the member card.")],
    on: OnDay = None,
    as_known_at: KnownAt = None,
    form: AnswerFormat = "table",
) -> None:
    """Show what an advocate has, and when it matures or expires."""
    from tembaga import questions

    with _reading(context.obj) as warehouse:
        seen = questions.point(warehouse, on=on and on.date(), as_known_at=as_known_at)
        _show(questions.balance(warehouse, advocate, seen), form)


@app.command()
def explain(
    context: typer.Context,
    advocate: Annotated[str, typer.Argument(help="The number on the member card.")],
    on: OnDay = None,
    as_known_at: KnownAt = None,
    form: AnswerFormat = "table",
) -> None:
    """Show every movement of an advocate, down to the lines of the files that made it."""
    from tembaga import questions

    settings: Settings = context.obj
    with _reading(settings) as warehouse:
        seen = questions.point(warehouse, on=on and on.date(), as_known_at=as_known_at)
        _show(questions.explain(warehouse, advocate, seen, landing=settings.landing), form)


@app.command("trial-balance")
def trial_balance(
    context: typer.Context,
    on: OnDay = None,
    as_known_at: KnownAt = None,
    form: AnswerFormat = "table",
) -> None:
    """Show the balance of each kind of account; debits and credits add up to the same."""
    from tembaga import questions

    with _reading(context.obj) as warehouse:
        seen = questions.point(warehouse, on=on and on.date(), as_known_at=as_known_at)
        _show(questions.trial_balance(warehouse, seen), form)


@app.command()
def liability(
    context: typer.Context,
    on: OnDay = None,
    as_known_at: KnownAt = None,
    form: AnswerFormat = "table",
) -> None:
    """Show what outstanding points are expected to cost, by age, and how that has moved."""
    from tembaga import liability as valued
    from tembaga import questions

    with _reading(context.obj) as warehouse:
        seen = questions.point(warehouse, on=on and on.date(), as_known_at=as_known_at)
        _show(valued.liability(warehouse, seen), form)


@app.command()
def settlement(
    context: typer.Context,
    merchant: Annotated[str, typer.Argument(help="The merchant, as its folder is called.")],
    as_known_at: KnownAt = None,
    form: AnswerFormat = "table",
) -> None:
    """Show what a merchant has claimed, what of it is payable, and what was paid."""
    from tembaga import questions
    from tembaga.settlement import settlement as settle

    with _reading(context.obj) as warehouse:
        seen = questions.point(warehouse, on=None, as_known_at=as_known_at)
        _show(settle(warehouse, merchant, seen), form)


@agreement.command("propose")
def propose_agreement(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file as the partner sends it.")],
    partner: Annotated[
        str | None, typer.Option(help="Its account; default: the name of the folder of --to.")
    ] = None,
    feed: Annotated[
        str | None, typer.Option(help="What the file is; default: what it most probably is.")
    ] = None,
    language: Annotated[Literal["id", "en"], typer.Option(help="Of our answers.")] = "id",
    to: Annotated[
        Path | None, typer.Option(help="Write agreement.yml into this folder, if none is there.")
    ] = None,
) -> None:
    """Draft an agreement from a sample of any feed, and say how sure each guess is.

    For a partner that has one, the draft is the feed alone, to be added to it.
    """
    from tembaga import proposals

    with _in_sentences(Console(stderr=True)):
        name = partner or (to.resolve().name if to else "new_partner")
        drafted = proposals.draft(
            file, name, language=language, settings=context.obj, feed=feed, there=to
        )
        if drafted.there is not None:
            sys.stdout.write(drafted.text)
            _note(f"{drafted.there} is left as it is: add this under its feeds.")
        elif to is None:
            sys.stdout.write(drafted.text)
        else:
            _say(f"The draft is {proposals.keep(drafted, to)}.")
    for line in proposals.report(drafted):
        _note(line)


def _note(line: str) -> None:
    Console(stderr=True).print(line, highlight=False, markup=False, soft_wrap=True)


@agreement.command("try")
def try_agreement(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file as the partner would send it.")],
    agreed: Annotated[
        Path | None,
        typer.Option(
            "--agreement",
            help="An agreement.yml or its folder; default: the one that the file lies beside, or "
            "whose pattern fits its name.",
        ),
    ] = None,
    form: AnswerFormat = "table",
) -> None:
    """Show what would become of a file, line by line, and receive nothing; 1 if it is refused."""
    from tembaga import trial

    settings: Settings = context.obj
    with _in_sentences(Console(stderr=True)):
        found = trial.find_agreement(file, settings, agreed)
        today = trial.today(found, settings)
        tried = trial.attempt(file, found, settings=settings, today=today)
    notes = Console(stderr=form == "csv")
    for remark in (f"{file.name}, as {found.partner} would send it.", *tried.remarks):
        notes.print(remark, highlight=False, markup=False, soft_wrap=True)
    notes.print(tried.verdict, highlight=False, markup=False, soft_wrap=True, style="bold")
    shown = (tried.judged,) if form == "csv" else (tried.sums, tried.read, tried.reasons)
    for answer in shown:
        if answer.rows:
            _show(answer, form)
    raise typer.Exit(1 if tried.refusal else 0)


def _show(answer: "Answer", form: str) -> None:
    from tembaga import question_tables

    if form == "csv":
        sys.stdout.write(question_tables.csv_of(answer))
        return
    # A narrower terminal wraps the lines; nothing is left out.
    wide = Console(width=max(console.width, ANSWER_WIDTH))
    wide.print(f"[bold]{escape(answer.title)}[/]", highlight=False)
    wide.print(question_tables.table_of(answer))


@contextmanager
def _reading(settings: Settings) -> Iterator["Connection"]:
    """The warehouse alone, to be asked. Nothing is started for it, but what it itself stands on."""
    from tembaga.embedded import services
    from tembaga.warehouse import read_warehouse

    with _in_sentences(Console(stderr=True)), ExitStack() as started:
        if settings.warehouse == "postgres" and not settings.warehouse_url:
            settings = started.enter_context(services.running(settings))
        yield started.enter_context(read_warehouse(settings))


def _log_to_stderr(*, verbose: bool) -> None:
    """Say what Tembaga does, and of the libraries it uses only what goes wrong."""
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(name)s: %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(
            lambda record: record.levelno >= logging.ERROR or record.name.startswith("tembaga")
        )


@contextmanager
def _installation(settings: Settings) -> Iterator["Installation"]:
    """The installation on its running services, upgraded; a known error becomes a sentence."""
    from tembaga.embedded import services
    from tembaga.installation import Installation
    from tembaga.upgrade import upgrade

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # The services are to be stopped.
    with (
        _in_sentences(),
        services.running(settings) as reachable,
        Installation(reachable) as here,
    ):
        upgrade(reachable)
        yield here


@contextmanager
def _in_sentences(into: Console = console) -> Iterator[None]:
    """Let a known error end the command with its sentence, and no traceback."""
    try:
        yield
    except Exception as error:
        if not type(error).__module__.startswith("tembaga"):
            raise
        logging.getLogger(__name__).info("", exc_info=True)
        into.print(f"[red]{escape(str(error))}[/]", highlight=False, soft_wrap=True)
        sys.exit(1)


def _say(sentence: str) -> None:
    """Print a sentence as it is: what a file is called, or a head, is not broken up or read."""
    console.print(sentence, highlight=False, markup=False, soft_wrap=True)


def _who() -> str:
    """Whoever is logged in; nobody if the system has no name for them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _day(here: "Installation", as_of: datetime | None) -> date:
    return as_of.date() if as_of else here.today()


def _books_day(here: "Installation", as_of: datetime | None) -> date:
    """The day that was asked for, else that of the last batch: the books stand there."""
    from tembaga import waiting

    return as_of.date() if as_of else waiting.books_day(here.engine) or here.today()
