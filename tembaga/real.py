"""Run a folder of real sales files through every stage, and add up what became of each line.

folder  ->  SFTP  ->  receive ─ validate ─ load ─ post  ->  figures
"""

from decimal import Decimal
from pathlib import Path

import duckdb
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import func, select

from tembaga import report, stages
from tembaga.demo.delivery import client_name, drop
from tembaga.installation import Installation
from tembaga.register.tables import files

OUTCOMES = ("in", "accepted", "duplicate", "held", "rejected")
REASONS = """
select code, outcome, count(*) as n_lines
from read_parquet([{paths}], union_by_name = true)
group by code, outcome
order by n_lines desc, code
"""


class NoFilesError(Exception):
    """There is nothing to run; the sentence says where files were looked for."""


def run(here: Installation, folder: Path, *, partner: str, console: Console) -> None:
    """Drop the folder's files as `partner`, run all stages, and print the figures.

    A second run drops the same files again; they are known, and nothing changes.

    Raises:
        NoFilesError: No file in the folder has a name that the partner's agreement knows.
    """
    if partner not in here.agreements:
        raise NoFilesError(
            f"{partner} has no agreement in the programme {here.settings.programme}. Name one of "
            f"{', '.join(here.agreements) or 'no partner'}, or another programme by --programme."
        )
    agreement = here.agreements[partner]
    paths = [path for path in sorted(folder.glob("*")) if agreement.feed_of(path.name)]
    if not paths:
        raise NoFilesError(
            f"{folder} holds no file that {partner}'s agreement knows"
            + (f" ({agreement.feeds.sales.files})." if agreement.feeds.sales else ".")
        )
    before = report.figures(here.engine)
    console.print(f"{len(paths)} files go to {escape(partner)}'s inbox by {client_name()}")
    drop(paths, partner=partner, settings=here.settings)
    stages.run(here, lambda sentence: console.print(f"  {sentence}"))
    console.print()
    console.print(outcome_table(here))
    console.print(reason_table(here))
    console.print(report.trial_balance_table(here.settings))
    added = report.figures(here.engine) - before
    console.print(
        f"This run: {added.loaded} files loaded, {added.known_already} known already, "
        f"{added.refused} refused, {added.transfers:,} transfers posted."
    )


def outcome_table(here: Installation) -> Table:
    """Lines and money of all loaded files, by what became of them."""
    table = Table(title="Every line, and what became of it", title_justify="left")
    table.add_column("outcome")
    table.add_column("lines", justify="right")
    table.add_column("amount", justify="right")
    sums = outcome_sums(here)
    for outcome, (lines, amount) in sums.items():
        table.add_row(outcome, f"{lines:,}", f"{amount:,f}")
    parts = [sums[outcome] for outcome in OUTCOMES[1:]]
    table.add_section()
    total = Decimal(sum(amount for _, amount in parts)).normalize()
    table.add_row("all four", f"{sum(lines for lines, _ in parts):,}", f"{total:,f}")
    return table


def outcome_sums(here: Installation) -> dict[str, tuple[int, Decimal]]:
    """Lines and money of all loaded files by outcome, exactly; `in` is what came."""
    columns = [
        func.coalesce(func.sum(files.c[f"{what}_{outcome}"]), 0)
        for outcome in OUTCOMES
        for what in ("lines", "amount")
    ]
    with here.engine.connect() as register:
        row = register.execute(select(*columns).where(files.c.state == "loaded")).one()
    return {
        outcome: (int(row[2 * nth]), Decimal(row[2 * nth + 1]).normalize())
        for nth, outcome in enumerate(OUTCOMES)
    }


def reason_table(here: Installation) -> Table:
    """How many lines of all files each reason was given to; a line may have several."""
    table = Table(title="Reasons (a line may have several)", title_justify="left")
    table.add_column("code")
    table.add_column("outcome")
    table.add_column("lines", justify="right")
    found = sorted(here.settings.landing.glob("*/*/rejects.parquet"))
    found += sorted(here.settings.landing.glob("*/*/findings.parquet"))
    if found:
        paths = ", ".join("'" + str(path).replace("'", "''") + "'" for path in found)
        with duckdb.connect() as connection:
            reasons = connection.execute(REASONS.format(paths=paths)).fetchall()
        for code, outcome, lines in reasons:
            table.add_row(code, outcome, f"{lines:,}")
    return table
