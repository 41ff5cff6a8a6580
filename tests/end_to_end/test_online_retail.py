"""A week of real invoice lines goes through every stage, and every line is accounted for.

The data lies beside the checkout where it is present; it is not part of the project.
"""

import csv
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from rich.console import Console
from sqlalchemy import select

from tembaga import real
from tembaga.embedded import services
from tembaga.installation import Installation
from tembaga.landing import folder_of
from tembaga.marts import open_marts
from tembaga.register.tables import files
from tembaga.report import TRIAL_BALANCE
from tembaga.settings import PROJECT, load_settings
from tembaga.upgrade import upgrade

DATA = PROJECT.parent / "shared" / "data" / "online_retail"
WEEK = [f"2010-12-{day:02d}.csv" for day in range(1, 8)]


@pytest.fixture
def week(tmp_path: Path) -> Path:
    if not DATA.is_dir():
        pytest.skip("the real invoice lines are not beside this checkout")
    folder = tmp_path / "week"
    folder.mkdir()
    for name in WEEK:
        if (DATA / name).exists():
            (folder / name).write_bytes((DATA / name).read_bytes())
    return folder


def test_a_week_of_real_sales_is_accounted_for_to_the_last_line(week: Path, tmp_path: Path):
    expected = _count(week)
    settings = load_settings(home=tmp_path / "home", programme="online_retail", settle_seconds=0.05)
    with services.running(settings) as reachable, Installation(reachable) as here:
        upgrade(here.settings)
        real.run(here, week, partner="online_retail", console=Console(quiet=True))
        sums = real.outcome_sums(here)
        heads = _heads(here)
        real.run(here, week, partner="online_retail", console=Console(quiet=True))

        assert sums["in"] == expected
        assert sum(lines for lines, _ in _parts(sums)) == expected[0]
        assert sum(amount for _, amount in _parts(sums)) == expected[1]
        assert _cancellations_without_an_end(here, week) == []
        assert len(heads) == 1
        assert real.outcome_sums(here) == sums
        assert _heads(here) == heads
        assert _trial_balance(here) == Decimal(0)


def _count(week: Path) -> tuple[int, Decimal]:
    """Lines and money, added up without anything of ours."""
    lines, amount = 0, Decimal(0)
    for path in sorted(week.iterdir()):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                lines += 1
                amount += Decimal(row["Quantity"]) * Decimal(row["UnitPrice"])
    return lines, amount.normalize()


def _parts(sums: dict[str, tuple[int, Decimal]]) -> list[tuple[int, Decimal]]:
    return [figures for outcome, figures in sums.items() if outcome != "in"]


def _heads(here: Installation) -> list[str]:
    with open_marts(here.settings) as marts:
        return [batch.head for batch in marts.batches()]


def _trial_balance(here: Installation) -> Decimal:
    with open_marts(here.settings) as marts:
        rows = marts.asks(TRIAL_BALANCE)
    return Decimal(sum(debit - credit for *_, debit, credit in rows))


def _cancellations_without_an_end(here: Installation, week: Path) -> list[tuple[str, int]]:
    """The lines of cancellations that are not rejected, take nothing back and wait for no sale."""
    with here.engine.connect() as register:
        landed = register.execute(
            select(files.c.file_no, files.c.name).where(files.c.state == "loaded")
        ).all()
    with open_marts(here.settings) as marts:
        returns = marts.asks(
            "select file_no, line_no from ledger.takebacks "
            "union select file_no, line_no from ledger.open_returns"
        )
    missing = []
    for file in landed:
        with (week / file.name).open(encoding="utf-8", newline="") as lines:
            cancelled = {
                line_no
                for line_no, row in enumerate(csv.DictReader(lines), start=2)
                if row["InvoiceNo"].startswith("C")
            }
        folder = folder_of(here.settings.landing, "online_retail", file.file_no)
        with duckdb.connect() as connection:
            rejected = connection.execute(
                "select line_no from read_parquet(?) where outcome = 'rejected'",
                [str(folder / "rejects.parquet")],
            ).fetchall()
        ended = {line for (line,) in rejected}
        ended |= {line_no for file_no, line_no in returns if file_no == file.file_no}
        missing += [(file.name, line) for line in cancelled - ended]
    return missing
