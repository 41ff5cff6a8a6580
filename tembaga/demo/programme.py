"""Generate the demo programme: who takes part, and every file its distributors send.

    folder/
      outlets.csv  advocates.csv  standing_orders.csv    what the programme's office enrols
      drops/
        2026-01-31/                                      what is sent up to that month's end
          banyumili/SALES_2026-01-07.csv
          …

The same bytes come out on every run and every machine.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from random import Random

from tembaga.demo import mishaps
from tembaga.demo.goods import draw
from tembaga.demo.layouts import DISTRIBUTORS, Distributor, Row, row_of
from tembaga.demo.people import NOT_ENROLLED, Mechanic, mechanics, workshops
from tembaga.demo.sales import FIRST_DAY, LAST_DAY, Sale, draw_sales

MONTH_ENDS = (date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31))
UNKNOWN_SENDER = "tanpanama"

_STANDING_ORDERS_SEED = 26_10
_REWARDS = (
    ("pulsa_50", 8),
    ("belanja_50", 6),
    ("lapak_50", 4),
    ("belanja_100", 2),
    ("kunci_sok", 2),
)


@dataclass(frozen=True)
class SentFile:
    """A file as a partner sends it, in the weeks up to `as_of`."""

    as_of: date
    partner: str
    name: str
    data: bytes


@dataclass(frozen=True)
class SpoiltFile:
    """A week's file that is sent once more, changed on its way."""

    as_of: date
    partner: str
    week_end: date
    remark: str
    change: Callable[[bytes], bytes]


# The weeks whose own file holds mistakes.
SPOILT_WEEKS = {
    ("banyumili", date(2026, 1, 21)): "faults",
    ("banyumili", date(2026, 2, 18)): "repeats",
    ("sagarabumi", date(2026, 2, 11)): "faults",
    ("tapakrimba", date(2026, 3, 11)): "faults",
}

JANUARY, FEBRUARY, MARCH = MONTH_ENDS
SPOILT = (
    SpoiltFile(JANUARY, "banyumili", date(2026, 1, 14), "_again", bytes),
    SpoiltFile(JANUARY, "tapakrimba", date(2026, 1, 21), "_versi_baru", mishaps.with_other_header),
    SpoiltFile(FEBRUARY, "banyumili", date(2026, 1, 28), "", bytes),
    SpoiltFile(FEBRUARY, "banyumili", date(2026, 2, 11), "_interrupted", mishaps.cut_short),
    SpoiltFile(FEBRUARY, "tapakrimba", date(2026, 2, 18), "_kurang", mishaps.with_total_off),
    SpoiltFile(FEBRUARY, "sagarabumi", date(2026, 2, 25), " (rusak)", mishaps.broken),
    SpoiltFile(MARCH, "banyumili", date(2026, 3, 18), "_excel", mishaps.in_windows_1252),
    SpoiltFile(MARCH, "tapakrimba", date(2026, 3, 11), "_kosong", mishaps.empty),
)


@dataclass(frozen=True)
class DroppedFile:
    """A file that lies ready to be sent."""

    as_of: date
    partner: str
    path: Path


@dataclass(frozen=True)
class DemoProgramme:
    """Where the generated programme lies."""

    outlets: Path
    advocates: Path
    standing_orders: Path
    drops: tuple[DroppedFile, ...]

    def dropped_by(self, as_of: date) -> list[DroppedFile]:
        """The files of one month, partner by partner."""
        return sorted(
            (drop for drop in self.drops if drop.as_of == as_of), key=lambda drop: drop.partner
        )


def generate(folder: Path) -> DemoProgramme:
    """Write the programme into `folder`. A second call writes the same bytes again."""
    folder.mkdir(parents=True, exist_ok=True)
    enrolled = [mechanic for mechanic in mechanics() if mechanic.advocate not in NOT_ENROLLED]
    shops = ("outlet", "name", "address", "city", "province")
    people = [field.name for field in fields(Mechanic)]
    return DemoProgramme(
        outlets=_table(folder / "outlets.csv", shops, (astuple(shop)[:5] for shop in workshops())),
        advocates=_table(folder / "advocates.csv", people, map(astuple, enrolled)),
        standing_orders=_table(
            folder / "standing_orders.csv", ("advocate", "reward"), _standing_orders(enrolled)
        ),
        drops=tuple(_drop(folder / "drops", sent) for sent in sent_files()),
    )


def sent_files() -> Iterator[SentFile]:
    """Each file of the three months, in the order in which they are sent."""
    for as_of in MONTH_ENDS:
        for distributor in DISTRIBUTORS.values():
            for week_end in week_ends(as_of):
                name = distributor.name_of(week_end)
                data = distributor.write(week_of(distributor, week_end))
                yield SentFile(as_of, distributor.partner, name, data)
        yield from (spoilt_file(spoilt) for spoilt in SPOILT if spoilt.as_of == as_of)
    yield from _odd_files_of_march()


def week_ends(as_of: date) -> list[date]:
    """The weeks whose files are sent in the month that ends on `as_of`.

    The last days of a month lie in a week that ends in the next, and come with it.
    """
    last_days = [min(FIRST_DAY + timedelta(days=7 * week + 6), LAST_DAY) for week in range(13)]
    return [day for day in last_days if (day.year, day.month) == (as_of.year, as_of.month)]


def week_of(distributor: Distributor, week_end: date) -> list[Row]:
    """All rows of the file of a week, mistakes included."""
    rows = _sold_in(distributor, week_end)
    spoil = SPOILT_WEEKS.get((distributor.partner, week_end))
    if spoil == "faults":
        rows += mishaps.faulty(distributor, rows, week_end=week_end)
    elif spoil == "repeats":
        before = _sold_in(distributor, week_end - timedelta(days=7))
        rows += [*before[-12:], *mishaps.in_conflict(before)]
    return rows


def spoilt_file(spoilt: SpoiltFile) -> SentFile:
    """A week's file with what went wrong when it was made or sent."""
    distributor = DISTRIBUTORS[spoilt.partner]
    data = distributor.write(week_of(distributor, spoilt.week_end))
    name = distributor.name_of(spoilt.week_end, spoilt.remark)
    return SentFile(spoilt.as_of, spoilt.partner, name, spoilt.change(data))


def _odd_files_of_march() -> Iterator[SentFile]:
    """A list nobody asked for, a week corrected under its old name, a sender nobody knows."""
    as_of = MONTH_ENDS[-1]
    banyumili, sagarabumi = DISTRIBUTORS["banyumili"], DISTRIBUTORS["sagarabumi"]
    yield SentFile(as_of, "banyumili", "stock_2026-03.csv", b"SKU,Stock\nRJW-M102,4180\n")
    week_end = date(2026, 2, 25)
    rows = week_of(sagarabumi, week_end)
    corrected = mishaps.in_conflict(rows)
    lines = {(row["document"], row["line"]) for row in corrected}
    others = [row for row in rows if (row["document"], row["line"]) not in lines]
    data = sagarabumi.write([*corrected, *others])
    yield SentFile(as_of, "sagarabumi", sagarabumi.name_of(week_end), data)
    week = banyumili.write(week_of(banyumili, LAST_DAY))
    yield SentFile(as_of, UNKNOWN_SENDER, banyumili.name_of(LAST_DAY), week)


def _sold_in(distributor: Distributor, week_end: date) -> list[Row]:
    first_day = FIRST_DAY + timedelta(days=(week_end - FIRST_DAY).days // 7 * 7)
    rows = [
        row_of(sale) for sale in _sales_of(distributor.partner) if first_day <= sale.day <= week_end
    ]
    return mishaps.in_small_letters(rows) if distributor.partner == "sagarabumi" else rows


@cache
def _sales_of(partner: str) -> tuple[Sale, ...]:
    distributor = DISTRIBUTORS[partner]
    return draw_sales(partner, distributor.numbering, seed=distributor.seed)


def _standing_orders(enrolled: Iterable[Mechanic]) -> Iterator[tuple[str, str]]:
    """One advocate in six saves up and has none."""
    random = Random(_STANDING_ORDERS_SEED)  # noqa: S311 - it must draw the same each time.
    for mechanic in enrolled:
        if random.randrange(6):
            yield mechanic.advocate, draw(random, _REWARDS)


def _drop(folder: Path, sent: SentFile) -> DroppedFile:
    path = folder / sent.as_of.isoformat() / sent.partner / sent.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(sent.data)
    return DroppedFile(sent.as_of, sent.partner, path)


def _table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    return path
