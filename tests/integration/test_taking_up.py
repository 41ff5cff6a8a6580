"""A held line is taken up by itself once its cause is gone: once, and nothing is ever lost."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import Engine, func, insert, select, text

from tembaga import landing, replay, taking_up, verify
from tembaga import load as loading
from tembaga.agreements import Agreement
from tembaga.load import load
from tembaga.register.tables import advocates, batches, files, outlets
from tembaga.settings import load_settings
from tembaga.validate import validate
from tembaga.warehouse import read_warehouse
from tests.conftest import fresh_database
from tests.spec.bookkeeper import CAMPAIGNS, Bookkeeper

OUTCOMES = ("accepted", "duplicate", "held", "rejected")
NOW = datetime(2026, 2, 10, 1, 0, tzinfo=UTC)
HEADERS = {
    "document": "invoice",
    "document_line": "line",
    "document_date": "date",
    "advocate": "member",
    "outlet": "shop",
    "sku": "product",
    "quantity": "qty",
    "amount": "amount",
    "returns_document": "returns",
}


def agreement(*, without: tuple[str, ...] = (), **feed: object) -> Agreement:
    """A distributor whose lines wait until advocate and outlet are enrolled."""
    columns = {name: {"header": h} for name, h in HEADERS.items() if name not in without}
    sales = {"files": "*", "format": "csv", "currency": "IDR", "columns": columns}
    return Agreement.model_validate(
        {
            "partner": "distributor",
            "number": 1,
            "kind": "distributor",
            "name": "Distributor",
            "programme": "spec",
            "language": "en",
            "contact": {"name": "Nobody", "email": "nobody@tembaga.example"},
            "feeds": {
                "sales": sales
                | {"unlisted": {"advocate": "hold", "outlet": "hold", "sku": "accept"}}
                | feed
            },
        }
    )


class Office(Bookkeeper):
    """A bookkeeper whose files lie in the landing, as they came."""

    agreed: Agreement = agreement()

    def lands(self, *lines: str) -> int:
        """Land and validate a sales file of these lines; its number."""
        named = self.agreed.feeds.sales.columns.named()
        header = ",".join(h for name, h in HEADERS.items() if name in named)
        content = "".join(f"{line}\n" for line in (header, *lines)).encode()
        with self.engine.begin() as register:
            file_no = register.scalar(select(func.coalesce(func.max(files.c.file_no), 0))) + 1
            name = f"sales_{file_no}.csv"
            path = landing.original(self.settings.landing, "distributor", file_no, name)
            path.parent.mkdir(parents=True)
            path.write_bytes(content)
            facts = {"partner": "distributor", "name": name, "state": "landed"}
            facts |= {"size_bytes": len(content), "modified_at": NOW, "seen_at": NOW}
            facts |= {"sha256": hashlib.sha256(content).hexdigest()}
            register.execute(insert(files).values(file_no=file_no, **facts))
        validate(self.engine, file_no, agreement=self.agreed, settings=self.settings)
        return file_no

    def loads(self) -> list[int]:
        """Load what is there; the numbers of the files. Whatever it was, every file adds up."""
        self.agreements["distributor"] = self.agreed
        loaded = load(self.engine, agreements=self.agreements, settings=self.settings)
        self.adds_up()
        return loaded

    def receives(self, *lines: str) -> int:
        """Land, validate and load a sales file; its number."""
        file_no = self.lands(*lines)
        self.loads()
        return file_no

    def enrols(self, *names: str) -> None:
        """Enrol advocates, at a shop that is enrolled too if it was not."""
        with self.engine.begin() as register:
            if not register.scalar(select(func.count()).select_from(outlets)):
                shop = {"outlet": "SHOP", "name": "Shop", "address": "", "city": "", "province": ""}
                register.execute(insert(outlets).values(shop))
            for name in names:
                person = {"advocate": name, "name": name, "email": f"{name}@tembaga.example"}
                person |= {"phone": "", "language": "en", "outlet": "SHOP"}
                register.execute(insert(advocates).values(person))

    def figures(self, file_no: int) -> tuple[int, ...]:
        """Lines in, accepted, duplicate, held, rejected."""
        with self.engine.connect() as register:
            file = register.execute(select(files).where(files.c.file_no == file_no)).one()
        parts = ("in", "accepted", "duplicate", "held", "rejected")
        return tuple(getattr(file, f"lines_{part}") for part in parts)

    def adds_up(self) -> None:
        """In = accepted + duplicate + held + rejected, of each file, in lines and in money."""
        with self.engine.connect() as register:
            found = register.execute(select(files).where(files.c.lines_in.is_not(None)))
            for file in found.mappings():
                for unit in ("lines", "amount"):
                    assert sum(file[f"{unit}_{o}"] for o in OUTCOMES) == file[f"{unit}_in"]
                assert min(file[f"lines_{o}"] for o in OUTCOMES) >= 0

    def loaded(self) -> list[tuple]:
        """The lines of the warehouse: file, line, outcome and code."""
        query = "select file_no, line_no, outcome, code from raw.sales order by 1, 2"
        with read_warehouse(self.settings) as warehouse:
            return [tuple(row) for row in warehouse.execute(text(query))]

    def heads(self) -> list[str]:
        with self.engine.connect() as register:
            return list(register.scalars(select(batches.c.head).order_by(batches.c.batch_no)))


@pytest.fixture
def office(register: Engine, tmp_path: Path, warehouse: dict[str, str]) -> Office:
    """An office on each engine of the warehouse in turn."""
    home = tmp_path / "home"
    home.mkdir()
    settings = load_settings(home=home, programme="spec", campaigns_folder=CAMPAIGNS, **warehouse)
    found = Office(register, settings)
    found.enrols("ADV")
    return found


KNOWN = "INV-1,1,2026-01-05,ADV,SHOP,ANY,2,100000,"
UNKNOWN = "INV-2,1,2026-01-06,NEW,SHOP,ANY,1,70000,"
OTHER = "INV-3,1,2026-01-06,OTHER,SHOP,ANY,1,70000,"


def test_a_line_whose_advocate_is_enrolled_is_taken_up_once(office: Office):
    file_no = office.receives(KNOWN, UNKNOWN)
    assert office.figures(file_no) == (2, 1, 0, 1, 0)
    assert office.loads() == []

    office.enrols("NEW")

    assert office.loads() == [2]
    assert office.figures(file_no) == (2, 2, 0, 0, 0)
    assert office.loaded() == [(1, 2, "accepted", None), (1, 3, "accepted", None)]
    assert office.loads() == []


def test_only_what_need_not_wait_is_taken_up(office: Office):
    office.receives(UNKNOWN, OTHER.replace("SHOP", "O-9"), OTHER.replace("INV-3", "INV-4"))
    office.enrols("NEW")
    office.loads()

    assert office.figures(1) == (3, 1, 0, 2, 0)
    assert office.loaded() == [(1, 2, "accepted", None)]
    office.enrols("OTHER")
    office.loads()
    assert office.figures(1) == (3, 2, 0, 1, 0)


def test_a_line_that_was_sent_again_meanwhile_is_a_duplicate(office: Office):
    office.receives(UNKNOWN)
    office.enrols("NEW")
    office.lands(UNKNOWN, KNOWN)
    office.loads()
    office.loads()

    assert sorted(line[2] for line in office.loaded()) == ["accepted", "accepted", "duplicate"]
    assert office.figures(1)[3] == office.figures(2)[3] == 0


def test_true_repeats_without_a_line_number_are_all_taken_up(office: Office):
    office.agreed = agreement(without=("document_line",))
    line = "INV-2,2026-01-06,NEW,SHOP,ANY,1,70000,"
    office.receives(line, line, line)
    office.enrols("NEW")
    office.loads()
    office.receives(line, line)

    assert office.figures(1) == (3, 3, 0, 0, 0)
    assert office.figures(3) == (2, 0, 2, 0, 0)


def test_a_line_that_is_rejected_too_is_not_taken_up(office: Office):
    office.receives(UNKNOWN.replace(",70000", ",-70000"), KNOWN)
    office.enrols("NEW")

    assert office.loads() == []
    assert office.figures(1) == (2, 1, 0, 0, 1)


def test_two_contents_of_one_held_line_go_on_waiting(office: Office):
    office.receives(UNKNOWN, UNKNOWN.replace("70000", "80000"))
    office.enrols("NEW")

    assert office.loads() == []
    assert office.figures(1) == (2, 0, 0, 2, 0)


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize(
    ("module", "step"),
    [
        (taking_up, "land"),
        (taking_up, "sha256_of"),
        (loading, "judge"),
        (loading, "_prove"),
        (loading, "_record"),
        (loading, "_move"),
    ],
)
def test_killed_at_any_step_it_is_taken_up_once(
    office: Office, monkeypatch: pytest.MonkeyPatch, module: object, step: str
):
    office.receives(KNOWN, UNKNOWN)
    office.enrols("NEW")

    def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(module, step, killed)
        with pytest.raises(Killed):
            office.loads()
    office.adds_up()
    office.loads()
    office.loads()

    assert office.figures(1) == (2, 2, 0, 0, 0)
    assert [line[:3] for line in office.loaded()] == [(1, 2, "accepted"), (1, 3, "accepted")]


@pytest.fixture
def other_engine(office: Office, server) -> Iterator[dict[str, str]]:
    """Where to replay: on the other engine."""
    with ExitStack() as made:
        if office.settings.warehouse == "postgres":
            yield {}
        else:
            yield {"warehouse_url": made.enter_context(fresh_database(server, "replayed"))}


def test_a_line_taken_up_earns_then_and_a_replay_has_the_same_heads(
    office: Office, other_engine: dict[str, str]
):
    office.receives(KNOWN, UNKNOWN)
    assert office.posts("2026-01-31") == 1
    office.enrols("NEW")
    office.receives("RET-2,1,2026-01-09,NEW,SHOP,ANY,-1,-70000,INV-2", UNKNOWN)
    assert office.posts("2026-02-05") == 2

    earned = office.asks(
        "select batch_no, file_no, line_no, points from ledger.award_lines order by 1, 2, 3"
    )
    assert (1, 1, 2, 10) in earned
    assert [(batch, file_no, line_no) for batch, file_no, line_no, _ in earned][1:2] == [(2, 1, 3)]
    assert sum(points for batch, *_, points in earned if batch == 2) == 0
    assert replay.replay(office.engine, settings=office.settings, **other_engine) == 2
    said = Console(file=io.StringIO())
    assert verify.run(office.engine, settings=office.settings, console=said) == 0
