"""Marts: what the warehouse tells of the advocates, read for all of them at once.

Read-only, and as of a batch: what was posted after it is not seen, so that a statement made
late says the same as one made in time.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from tembaga.settings import Settings
from tembaga.warehouse import has_table, read_warehouse


@dataclass(frozen=True)
class Batch:
    """A sealed posting batch."""

    batch_no: int
    as_of: date
    head: str


@dataclass(frozen=True)
class Reward:
    """A reward of the catalogue: its names, and whether a code, phone or outlet gets it."""

    name_id: str
    name_en: str
    merchant_name: str
    deliver_to: str


class Balance(NamedTuple):
    """What stands on one account before and after the batches of a span."""

    advocate: str
    account: str
    opening: int
    closing: int
    movements: int


class Movement(NamedTuple):
    """What one transfer does to one account: plus is more on that account."""

    advocate: str
    batch_no: int
    transfer_no: int
    account: str
    rule: str
    event_on: date
    effective_on: date
    amount: int
    subject_no: int | None
    partner: str | None
    document: str | None
    document_date: date | None
    reward: str | None
    request_no: int | None


class AwardLine(NamedTuple):
    """A line of a sales file, and the points that it gave or took in a batch."""

    advocate: str
    batch_no: int
    subject_no: int | None
    file_no: int
    line_no: int
    points: int
    reason: str | None
    partner: str
    document: str
    document_date: date
    sku: str
    quantity_e4: int
    amount_e4: int
    currency: str


class DatedPoints(NamedTuple):
    """Points of an account's lots that fall due on one day; on none if they never do."""

    advocate: str
    account: str
    falls_on: date | None
    points: int


@dataclass(frozen=True)
class Books:
    """All that the warehouse tells of one advocate for a span of batches."""

    balances: list[Balance] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)
    lines: list[AwardLine] = field(default_factory=list)
    lots: list[DatedPoints] = field(default_factory=list)


@dataclass(frozen=True)
class Marts:
    """The marts of an open warehouse."""

    connection: Connection

    def has_books(self) -> bool:
        """Whether anything was ever posted."""
        return has_table(self.connection, "marts", "fct_movements")

    def batches(self) -> list[Batch]:
        """Every sealed batch, in order."""
        rows = self.asks("select batch_no, as_of, head from ledger.batches order by batch_no")
        return [Batch(*row) for row in rows]

    def rewards(self) -> dict[str, Reward]:
        """The rewards of the catalogue."""
        rows = self.asks(
            "select reward, name_id, name_en, merchant_name, deliver_to from marts.dim_rewards"
        )
        return {reward: Reward(*facts) for reward, *facts in rows}

    def advocates(self) -> set[str]:
        """Everybody who ever had a movement."""
        rows = self.asks("select distinct advocate from marts.fct_movements")
        return {advocate for (advocate,) in rows}

    def books(self, first_batches: Mapping[str, int], *, closing_batch: int) -> dict[str, Books]:
        """What happened to each advocate from its first batch to the closing one.

        Args:
            first_batches: The advocates, each with the first batch of its span.
            closing_batch: The last batch of every span.

        Returns:
            Books by advocate.
        """
        values: dict[str, object] = {
            "advocates": list(first_batches),
            "first_batches": list(first_batches.values()),
            "closing_batch": closing_batch,
        }
        books = {advocate: Books() for advocate in first_batches}
        for balance in map(Balance._make, self.asks(SPANS + BALANCES, **values)):
            books[balance.advocate].balances.append(balance)
        for movement in map(Movement._make, self.asks(SPANS + MOVEMENTS, **values)):
            books[movement.advocate].movements.append(movement)
        for line in map(AwardLine._make, self.asks(SPANS + AWARD_LINES, **values)):
            books[line.advocate].lines.append(line)
        for lot in map(DatedPoints._make, self.asks(SPANS + LOTS, **values)):
            books[lot.advocate].lots.append(lot)
        return books

    def asks(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        """Rows of the warehouse; `values` stand in the query as `:name`."""
        return [tuple(row) for row in self.connection.execute(text(query), values)]


@contextmanager
def open_marts(settings: Settings) -> Iterator[Marts]:
    """Open the warehouse for reading.

    Raises:
        WarehouseInUseError: Another process is writing to it.
        WarehouseUnreachableError: Its PostgreSQL does not answer.
    """
    with read_warehouse(settings) as connection:
        yield Marts(connection)


SPANS = """
with

spans as (

    select
        unnest(cast(:advocates as text[])) as advocate,
        unnest(cast(:first_batches as bigint[])) as first_batch_no,
        cast(:closing_batch as bigint) as closing_batch_no

)
"""

BALANCES = """
select
    advocate,
    account,
    cast(
        coalesce(sum(amount) filter (where batch_no < first_batch_no), 0) as bigint
    ) as opening,
    cast(sum(amount) as bigint) as closing,
    count(*) filter (where batch_no >= first_batch_no) as movements
from marts.fct_movements
join spans using (advocate)
where batch_no <= closing_batch_no
group by advocate, account
order by advocate, account
"""

MOVEMENTS = """
select
    advocate, batch_no, transfer_no, account, rule, event_on, effective_on, amount,
    subject_no, partner, document, document_date, reward, request_no
from marts.fct_movements
join spans using (advocate)
where batch_no between first_batch_no and closing_batch_no
order by transfer_no, account
"""

AWARD_LINES = """
select
    advocate, batch_no, subject_no, file_no, line_no, points, reason,
    partner, document, document_date, sku, quantity_e4, amount_e4, currency
from marts.fct_award_lines
join spans using (advocate)
where batch_no between first_batch_no and closing_batch_no
order by file_no, line_no
"""

# Not the lots as they are now: as they were at the closing batch.
LOTS = """
select
    movements.advocate,
    account,
    case account when 'available' then expires_on else matures_on end as falls_on,
    cast(sum(amount) as bigint) as points
from marts.fct_movements as movements
join spans on movements.advocate = spans.advocate
join marts.rpt_lots as lots on movements.lot_no = lots.lot_no
where batch_no <= closing_batch_no and account in ('available', 'pending')
group by movements.advocate, account, falls_on
having sum(amount) <> 0
order by falls_on nulls last, advocate, account
"""
