"""Keeping an installation: what it is, what it needs, and whether it is right."""

import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tembaga.cli.command import console, in_sentences, installation, say
from tembaga.settings import Settings, refuse_open_key

commands = typer.Typer()
STATUS_WIDTH = 130  # A narrower terminal wraps the lines; nothing is left out.


@commands.command()
def status(context: typer.Context) -> None:
    """Show files and missing files, trial balance, voucher batches and statements of a home."""
    from tembaga import report

    with installation(context.obj) as here:
        tables = [
            report.file_table(here.engine),
            report.missing_table(here.engine),
            report.trial_balance_table(here.settings),
            report.voucher_table(here.engine),
            report.statement_table(here.engine),
        ]
    for table in tables:
        console.print(table, width=max(console.width, STATUS_WIDTH), crop=False)


@commands.command()
def docs(context: typer.Context) -> None:
    """Build the data docs: what was found in every file, as pages under the home."""
    from tembaga import data_docs

    with installation(context.obj) as here:
        say(f"The data docs begin at {data_docs.build(here.engine, settings=here.settings)}.")


@commands.command()
def check(
    context: typer.Context,
    airflow: Annotated[
        bool, typer.Option("--airflow", help="At the addresses of Airflow's connections, as tasks.")
    ] = False,
) -> None:
    """Look whether a service may start: settings, keys, register and warehouse; 1 if it may not."""
    from tembaga.upgrade import check as check_all

    with in_sentences(Console(stderr=True)):
        check_all(_of_airflow(context.obj) if airflow else context.obj)
    say("Settings, register and warehouse are as this version needs them.")


@commands.command()
def migrate(context: typer.Context) -> None:
    """Bring the register and the warehouse to what this version needs; never backwards."""
    from tembaga.embedded import services
    from tembaga.upgrade import upgrade

    with in_sentences(), services.running(context.obj) as reachable:
        upgrade(reachable, is_asked=True, say=say)
    say("The register and the warehouse are as this version needs them.")


@commands.command()
def backup(
    context: typer.Context,
    to: Annotated[Path, typer.Argument(help="An empty folder, or one that is not there yet.")],
) -> None:
    """Write the register and the warehouse of this moment into a folder, whole or not at all."""
    from tembaga import backup as backups

    with installation(context.obj) as here:
        made = backups.backup(here.engine, to, settings=here.settings)
    say(f"Backed up to {to}: {made.says()}. Keep the landing and the keys beside it.")


@commands.command()
def restore(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A folder that `tembaga backup` wrote.")],
) -> None:
    """Bring an empty home to what a backup holds; the landing and the keys must be there."""
    from tembaga import restore as restoring
    from tembaga.embedded import services

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # The services are to be stopped.
    with in_sentences(), services.running(context.obj) as reachable:
        made = restoring.restore(folder, settings=reachable, say=say)
    say(f"Restored: {made.says()}. Run `tembaga verify` before anything is posted.")


@commands.command()
def verify(
    context: typer.Context,
    law: Annotated[str | None, typer.Option(help="Only this law, by its name.")] = None,
) -> None:
    """Recompute the whole ledger and its seals, and say which laws hold; 1 if one is broken."""
    from tembaga import verify as verifying

    with installation(context.obj) as here:
        raise typer.Exit(
            verifying.run(here.engine, settings=here.settings, console=console, only=law)
        )


@commands.command()
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

    with installation(context.obj) as here:
        replayed = replaying.replay(
            here.engine,
            settings=here.settings,
            into=into,
            warehouse_url=warehouse_url,
            say=say,
        )
    console.print(f"Batches replayed: {replayed}. Every head equals the recorded one.")


def _of_airflow(settings: Settings) -> Settings:
    """The settings as tasks have them; refuses a key that others may read."""
    from tembaga.connections import drop_zone_key, with_connections

    if key := drop_zone_key():
        refuse_open_key(key)
    return with_connections(settings)
