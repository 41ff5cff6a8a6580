"""Partners: their agreements, their accounts in the drop zone, the key they encrypt for."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from tembaga.cli.command import AnswerFormat, in_sentences, say, show
from tembaga.settings import Settings

commands = typer.Typer()
agreement = typer.Typer(
    help="Agreements with partners: draft one from a sample, and try one on a file.",
    no_args_is_help=True,
)
commands.add_typer(agreement, name="agreement")
partner = typer.Typer(no_args_is_help=True, help="Who may log in to the drop zone.")
commands.add_typer(partner, name="partner")


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

    with in_sentences(Console(stderr=True)):
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
            say(f"The draft is {proposals.keep(drafted, to)}.")
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
    with in_sentences(Console(stderr=True)):
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
            show(answer, form)
    raise typer.Exit(1 if tried.refusal else 0)


@partner.command("add")
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
    with in_sentences():
        agreement = accounts.agreement_with(partner, settings=settings)
        quota_bytes = int(quota * 1024**3) if quota else accounts.QUOTA_BYTES
        number = accounts.add(agreement, key or (), settings=settings, quota_bytes=quota_bytes)
    say(f"{partner} may log in with {number} {'key' if number == 1 else 'keys'}.")


@partner.command("remove")
def remove_partner(
    context: typer.Context,
    partner: Annotated[str, typer.Argument(help="The partner, as its folder is called.")],
) -> None:
    """Shut a partner out of the drop zone. Its files stay."""
    from tembaga import accounts

    was_in = accounts.remove(partner, settings=context.obj)
    say(f"{partner} may not log in any more." if was_in else f"{partner} had not been let in.")


@commands.command()
def public_key(context: typer.Context) -> None:
    """Print the OpenPGP key for which partners encrypt; the first call makes it."""
    from tembaga.reading.decryption import public_key as ours

    print(ours(context.obj.keys), end="")  # noqa: T201 - as it is, to be written into a file.
