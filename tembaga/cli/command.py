"""What the commands share: options, and ways to work on a home and to speak."""

import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape

from tembaga.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tembaga.installation import Installation
    from tembaga.questions import Answer

console = Console()

ANSWER_WIDTH = 160

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


@contextmanager
def installation(settings: Settings) -> Iterator["Installation"]:
    """The installation on its running services, upgraded; a known error becomes a sentence."""
    from tembaga.embedded import services
    from tembaga.installation import Installation
    from tembaga.upgrade import upgrade

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # The services are to be stopped.
    with (
        in_sentences(),
        services.running(settings) as reachable,
        Installation(reachable) as here,
    ):
        upgrade(reachable)
        yield here


@contextmanager
def reading(settings: Settings) -> Iterator["Connection"]:
    """The warehouse alone, to be asked. Nothing is started for it, but what it itself stands on."""
    from tembaga.embedded import services
    from tembaga.warehouse import read_warehouse

    with in_sentences(Console(stderr=True)), ExitStack() as started:
        if settings.warehouse == "postgres" and not settings.warehouse_url:
            settings = started.enter_context(services.running(settings))
        yield started.enter_context(read_warehouse(settings))


@contextmanager
def in_sentences(into: Console = console) -> Iterator[None]:
    """Let a known error end the command with its sentence, and no traceback."""
    try:
        yield
    except Exception as error:
        if not type(error).__module__.startswith("tembaga"):
            raise
        logging.getLogger(__name__).info("", exc_info=True)
        into.print(f"[red]{escape(str(error))}[/]", highlight=False, soft_wrap=True)
        sys.exit(1)


def say(sentence: str) -> None:
    """Print a sentence as it is: what a file is called, or a head, is not broken up or read."""
    console.print(sentence, highlight=False, markup=False, soft_wrap=True)


def show(answer: "Answer", form: str) -> None:
    from tembaga import question_tables

    if form == "csv":
        sys.stdout.write(question_tables.csv_of(answer))
        return
    # A narrower terminal wraps the lines; nothing is left out.
    wide = Console(width=max(console.width, ANSWER_WIDTH))
    wide.print(f"[bold]{escape(answer.title)}[/]", highlight=False)
    wide.print(question_tables.table_of(answer))


def day_of(here: "Installation", as_of: datetime | None) -> date:
    return as_of.date() if as_of else here.today()
