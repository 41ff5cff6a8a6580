"""The command line: `tembaga`.

    days.py       demo, up, real
    stages.py     receive, post, issue, send, and what the office adds to them
    books.py      questions to the books, and the books for other tools
    keeping.py    what an installation is and needs, and whether it is right
    partners.py   agreements, accounts, keys
    command.py    what the commands share

A command imports what it does when it is called, so that `--help` is there at once.
"""

import logging
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tembaga.cli import books, days, keeping, partners, stages
from tembaga.cli.command import in_sentences
from tembaga.settings import load_settings

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
for part in (days, stages, books, keeping, partners):  # As `--help` lists them.
    app.add_typer(part.commands)


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
    with in_sentences(Console(stderr=True)):
        context.obj = load_settings(**{name: value for name, value in given.items() if value})


def _log_to_stderr(*, verbose: bool) -> None:
    """Say what Tembaga does, and of the libraries it uses only what goes wrong."""
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(name)s: %(message)s")
    logging.getLogger("tembaga").setLevel(level)  # Airflow sets its own on the root of all.
    for handler in logging.getLogger().handlers:
        handler.addFilter(
            lambda record: record.levelno >= logging.ERROR or record.name.startswith("tembaga")
        )
