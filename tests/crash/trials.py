"""Trials: a day is begun, killed, begun again, and laid beside a day that nothing disturbed."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

from tembaga import verify
from tembaga.embedded.postgres import Postgres
from tembaga.register import open_register
from tembaga.settings import Settings, load_settings
from tembaga.warehouse import open_warehouse, read_warehouse
from tests.crash.nest import BUSY, DONE
from tests.crash.shelf import Nest, Shelf, nest
from tests.spec.bookkeeper import CAMPAIGNS

KILLED = -9
BUSY_SECONDS = 30  # So long a server may need to see that its client is gone.
REGISTER, WAREHOUSE = "crash_register", "crash_warehouse"
START = "start"
WORK = "tests.crash.work"
# What goes into the batch that was proposed last, posted or empty.
PROPOSED = {"raw.batch", "raw.batch_files", "raw.issued_requests", "raw.standing_orders"}
CLOCKS = {"opened_at", "published_at"}  # They say when it was, and differ in each run.

Rows = dict[str, list[str]]


@dataclass(frozen=True)
class Books:
    """All that lasts: the ledger's tables, and the rest of the warehouse, register and landing."""

    ledger: Rows
    rest: Rows

    def differs(self, other: "Books") -> list[str]:
        """The tables that are not the same."""
        ours, theirs = self.ledger | self.rest, other.ledger | other.rest
        return sorted(n for n in ours.keys() | theirs.keys() if ours.get(n) != theirs.get(n))


@dataclass
class Trials:
    """A day on an engine, as often as it takes."""

    day: str
    shelf: Shelf
    settings: Settings
    nest: Nest
    given: dict[str, Any]
    end: Books = field(init=False)
    whole: dict[int, Rows] = field(default_factory=dict)  # The ledger after so many batches.
    steps: list[str] = field(init=False)
    seconds: float = field(init=False)
    turned_away: int = 0  # How often a run met the locks of one that was killed.

    def __str__(self) -> str:
        return f"{self.day.replace('_', ' ')} on {self.settings.warehouse}"

    def begin(self) -> None:
        """Come to the start of the day, keep it, and live the day undisturbed."""
        self.shelf.make(REGISTER, "template_register")
        if self.settings.warehouse == "postgres":
            self.shelf.make(WAREHOUSE, "template1")
        assert self.run(call=f"{WORK}:before_{self.day}")["ended"] == DONE
        self.shelf.keep(START)
        assert self.is_whole()
        ran = self.run(record=True)
        assert ran["ended"] == DONE
        self.steps, self.seconds = ran["steps"], ran["seconds"]
        self.end = self.books()
        assert self.is_whole()
        assert self.broken_laws() == []

    def same(self) -> None:
        """Everything is as after the day that nothing disturbed."""
        found = self.books()
        assert found.differs(self.end) == [], told_apart(found, self.end)

    def run(self, **how: Any) -> dict[str, Any]:
        """One process that begins the day; how it ended."""
        asked = {"settings": self.given, "register": self._url(REGISTER)}
        return self.nest.run(**asked, **{"call": f"{WORK}:{self.day}"} | how)

    def finish(self) -> None:
        """Begin the day again, and come to the end that nothing disturbed."""
        assert self.admitted() == DONE
        self.same()

    def killed(self, **how: Any) -> bool:
        """Begin the day, and be killed; whether it came to that.

        Whatever the instant, the ledger is that of the start or that of the end, and nothing in
        between.
        """
        ended = self.admitted(**how)
        assert ended in (KILLED, DONE), how
        assert self.is_whole(), f"{how}: {self.half_done()}"
        return ended == KILLED

    def killed_at(self, steps: Sequence[str]) -> None:
        """Be killed at each of these steps, each time on the way from where the last one left it.

        Who does not come there any more begins at the start of the day.
        """
        self.back()
        for step in steps:
            if not self.killed(kill_at=step):
                self.same()
                self.back()
                assert self.killed(kill_at=step), step
        self.finish()

    def is_whole(self) -> bool:
        """Whether the ledger is as after a batch, each time the same; nothing lies in between."""
        ledger = {table: rows for table, rows in self.ledger().items() if rows}
        n_batches = len(ledger.get("ledger.batches", ()))
        return bool(self.whole.setdefault(n_batches, ledger if n_batches else {}) == ledger)

    def half_done(self) -> str:
        """What of the ledger is not as it is after as many batches, for people."""
        ledger = self.ledger()
        expected = self.whole.get(len(ledger.get("ledger.batches", ())), {})
        return told_apart(Books(ledger, {}), Books(expected, {}))

    def admitted(self, **how: Any) -> int:
        """Begin the day until nobody turns it away: a server may not know that its client died."""
        give_up_at = time.monotonic() + BUSY_SECONDS
        while (ended := self.run(**how)["ended"]) == BUSY and time.monotonic() < give_up_at:
            self.turned_away += 1
            time.sleep(0.2)
        return int(ended)

    def books(self) -> Books:
        """What there is now."""
        engine = open_register(self._url(REGISTER))
        with engine.connect() as register:
            rest = {
                f"register.{t}": _rows(register, t) for t in inspect(register).get_table_names()
            }
        engine.dispose()
        with read_warehouse(self.settings) as warehouse:
            raw = _schema(warehouse, "raw")
            rest |= {table: rows for table, rows in raw.items() if table not in PROPOSED}
        landed = sorted(
            str(path.relative_to(self.settings.landing))
            for path in self.settings.landing.rglob("*")
            if path.is_file() and not path.name.startswith(".")
        )
        return Books(self.ledger(), rest | {"landing": landed})

    def broken_laws(self) -> list[str]:
        """The laws that do not hold."""
        engine = open_register(self._url(REGISTER))
        with engine.connect() as register, open_warehouse(self.settings) as warehouse:
            findings = verify.verify(warehouse, register, landing=self.settings.landing)
            broken = [finding.law for finding in findings if finding.broken]
        engine.dispose()
        return broken

    def back(self) -> None:
        """Go back to the start of the day."""
        self.shelf.bring_back(START)

    def ledger(self) -> Rows:
        """The tables of the ledger alone."""
        with read_warehouse(self.settings) as warehouse:
            return _schema(warehouse, "ledger")

    def _url(self, database: str) -> str:
        return self.shelf.server.url(database)


def told_apart(found: Books, expected: Books) -> str:
    """The first rows that differ of each table, to be read."""
    lines = []
    ours, theirs = found.ledger | found.rest, expected.ledger | expected.rest
    for table in found.differs(expected):
        had, wanted = set(ours.get(table, ())), set(theirs.get(table, ()))
        lines += [f"{table}: is {row}" for row in sorted(had - wanted)[:3]]
        lines += [f"{table}: was to be {row}" for row in sorted(wanted - had)[:3]]
    return "\n".join(lines)


def _schema(connection: Connection, schema: str) -> Rows:
    tables = connection.scalars(
        text(
            "select table_name from information_schema.tables "
            "where table_schema = :schema and table_type = 'BASE TABLE'"
        ),
        {"schema": schema},
    ).all()
    return {f"{schema}.{t}": _rows(connection, f"{schema}.{t}") for t in tables}


def _rows(connection: Connection, table: str) -> list[str]:
    found = connection.execute(text(f"select * from {table}"))
    return sorted(
        str({name: _plain(value) for name, value in row.items() if name not in CLOCKS})
        for row in found.mappings()
    )


def _plain(value: object) -> object:
    return bytes(value).hex() if isinstance(value, memoryview) else value


@contextmanager
def trials(server: Postgres, folder: Path, warehouse: str, day: str) -> Iterator[Trials]:
    """Trials of a day on an engine, that has been lived once undisturbed."""
    given = {
        "home": str(folder / "home"),
        "programme": "spec",
        "campaigns_folder": str(CAMPAIGNS),
        "warehouse": warehouse,
        "warehouse_url": server.url(WAREHOUSE) if warehouse == "postgres" else None,
    }
    databases = (REGISTER, WAREHOUSE) if warehouse == "postgres" else (REGISTER,)
    with nest(folder) as started:
        shelf = Shelf(server, folder / "home", databases)
        made = Trials(day, shelf, load_settings(**given), started, given)
        made.begin()
        yield made


def spread(steps: Sequence[str], n: int) -> list[str]:
    """So many of the steps, evenly spread, in their order."""
    return [steps[(2 * i + 1) * len(steps) // (2 * n)] for i in range(n)]
