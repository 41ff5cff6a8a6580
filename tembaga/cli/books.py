"""Questions to the books, and the books for other tools."""

import sys
from datetime import datetime
from typing import Annotated, Literal

import typer

from tembaga.cli.command import AnswerFormat, KnownAt, OnDay, reading, show
from tembaga.settings import Settings

commands = typer.Typer()


@commands.command()
def balance(
    context: typer.Context,
    advocate: Annotated[str, typer.Argument(help="The number on the member card.")],
    on: OnDay = None,
    as_known_at: KnownAt = None,
    form: AnswerFormat = "table",
) -> None:
    """Show what an advocate has, and when it matures or expires."""
    from tembaga import questions

    with reading(context.obj) as warehouse:
        seen = questions.point(warehouse, on=on and on.date(), as_known_at=as_known_at)
        show(questions.balance(warehouse, advocate, seen), form)


@commands.command()
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
    with reading(settings) as warehouse:
        seen = questions.point(warehouse, on=on and on.date(), as_known_at=as_known_at)
        show(questions.explain(warehouse, advocate, seen, landing=settings.landing), form)


@commands.command("trial-balance")
def trial_balance(
    context: typer.Context,
    on: OnDay = None,
    as_known_at: KnownAt = None,
    form: AnswerFormat = "table",
) -> None:
    """Show the balance of each kind of account; debits and credits add up to the same."""
    from tembaga import questions

    with reading(context.obj) as warehouse:
        seen = questions.point(warehouse, on=on and on.date(), as_known_at=as_known_at)
        show(questions.trial_balance(warehouse, seen), form)


@commands.command()
def liability(
    context: typer.Context,
    on: OnDay = None,
    as_known_at: KnownAt = None,
    form: AnswerFormat = "table",
) -> None:
    """Show what outstanding points are expected to cost, by age, and how that has moved."""
    from tembaga import liability as valued
    from tembaga import questions

    with reading(context.obj) as warehouse:
        seen = questions.point(warehouse, on=on and on.date(), as_known_at=as_known_at)
        show(valued.liability(warehouse, seen), form)


@commands.command()
def settlement(
    context: typer.Context,
    merchant: Annotated[str, typer.Argument(help="The merchant, as its folder is called.")],
    as_known_at: KnownAt = None,
    form: AnswerFormat = "table",
) -> None:
    """Show what a merchant has claimed, what of it is payable, and what was paid."""
    from tembaga import questions
    from tembaga.settlement import settlement as settle

    with reading(context.obj) as warehouse:
        seen = questions.point(warehouse, on=None, as_known_at=as_known_at)
        show(settle(warehouse, merchant, seen), form)


@commands.command()
def declined(
    context: typer.Context, as_known_at: KnownAt = None, form: AnswerFormat = "table"
) -> None:
    """Show the lines of papers that could not be done when they were posted, and why."""
    from tembaga import questions, undone

    with reading(context.obj) as warehouse:
        seen = questions.point(warehouse, on=None, as_known_at=as_known_at)
        show(undone.declined(warehouse, seen), form)


@commands.command("waiting-returns")
def waiting_returns(context: typer.Context, form: AnswerFormat = "table") -> None:
    """Show the returns that wait for their sale, and for how many days."""
    from tembaga import questions, undone

    with reading(context.obj) as warehouse:
        questions.point(warehouse, on=None, as_known_at=None)  # Is there a ledger?
        show(undone.waiting_returns(warehouse), form)


@commands.command()
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

    with reading(context.obj) as warehouse:
        days = [day.date() if day else None for day in (from_on, to_on)]
        span = exports.span(warehouse, batch_no=batch, from_on=days[0], to_on=days[1])
        for part in exports.export(warehouse, span, FORMATS[journal]):
            sys.stdout.write(part)
