"""Days that go through as a whole: the demo, an installation that stays up, real files."""

from pathlib import Path
from typing import Annotated

import typer

from tembaga.cli.command import console, installation
from tembaga.settings import Settings

commands = typer.Typer()


@commands.command()
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


@commands.command()
def up(context: typer.Context) -> None:
    """Start everything, with Airflow's pages, and leave it running until Ctrl-C."""
    from tembaga.demo.run import up as run_up

    raise typer.Exit(run_up(context.obj, console))


@commands.command()
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
    with installation(settings) as here:
        real_files.run(here, data, partner=partner, console=console)
