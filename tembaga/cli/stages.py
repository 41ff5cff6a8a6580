"""The stages, each by itself, and what the office adds to them."""

import getpass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tembaga.cli.command import (
    AnswerFormat,
    AsOf,
    BooksDay,
    console,
    day_of,
    installation,
    say,
    show,
)

if TYPE_CHECKING:
    from tembaga.installation import Installation


commands = typer.Typer()


@commands.command()
def receive(context: typer.Context) -> None:
    """Receive, validate, load and answer the files in the partners' inboxes."""
    from tembaga import stages

    with installation(context.obj) as here:
        stages.receive_files(here, console.print)


@commands.command()
def post(context: typer.Context, as_of: AsOf = None) -> None:
    """Post what was loaded to the ledger, as one sealed batch."""
    from tembaga import stages

    with installation(context.obj) as here:
        stages.post_ledger(here, day_of(here, as_of), say)


@commands.command()
def issue(context: typer.Context, as_of: BooksDay = None) -> None:
    """Issue the vouchers of open requests, deliver them to the merchants, and post them."""
    from tembaga import stages

    with installation(context.obj) as here:
        stages.issue_vouchers(here, books_day(here, as_of), console.print)


@commands.command()
def send(context: typer.Context, as_of: BooksDay = None) -> None:
    """Mail the statements of every month that has ended, each once."""
    from tembaga import stages

    with installation(context.obj) as here:
        stages.send_statements(here, books_day(here, as_of), console.print)


@commands.command()
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
    with installation(context.obj) as here:
        taken = papers.submit(here.engine, feed, file, settings=here.settings, now=here.now())
    say(taken.says)


@commands.command()
def held(context: typer.Context, form: AnswerFormat = "table") -> None:
    """Show the lines that wait for a person; `tembaga submit releases` answers them."""
    from tembaga import questions
    from tembaga.held import for_an_answer

    with installation(context.obj) as here, here.engine.connect() as register:
        lines = for_an_answer(register, settings=here.settings)
    columns = ("of_file_no", "of_line_no", "partner", "code", "seen", "document", "advocate")
    title = f"Lines that wait for a person, and why: {len(lines)}"
    show(questions.Answer(title, (*columns, "day", "amount"), lines), form)


@commands.command()
def close(
    context: typer.Context,
    period: Annotated[str, typer.Argument(help="The month, as 2026-03.")],
    by: Annotated[
        str | None, typer.Option(help="Who closes it; default: whoever is logged in.")
    ] = None,
) -> None:
    """Close a month and all before it: nothing is posted into it any more."""
    from tembaga import close as closing

    with installation(context.obj) as here:
        closed = closing.close(
            here.engine, period, by=by or _who(), today=here.today(), now=here.now()
        )
    say(closed.says(period))


@commands.command()
def enrol(
    context: typer.Context,
    outlets: Annotated[Path | None, typer.Option(help="CSV: outlet, name, address, …")] = None,
    advocates: Annotated[Path | None, typer.Option(help="CSV: advocate, name, email, …")] = None,
    standing_orders: Annotated[Path | None, typer.Option(help="CSV: advocate, reward")] = None,
) -> None:
    """Enrol outlets, advocates and their standing orders, or bring them up to date."""
    from tembaga.register.enrol import enrol as enrol_files

    with installation(context.obj) as here:
        enrol_files(
            here.engine, outlets=outlets, advocates=advocates, standing_orders=standing_orders
        )


def _who() -> str:
    """Whoever is logged in; nobody if the system has no name for them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def books_day(here: "Installation", as_of: datetime | None) -> date:
    """The day that was asked for, else that of the last batch: the books stand there."""
    from tembaga import waiting

    return as_of.date() if as_of else waiting.books_day(here.engine) or here.today()
