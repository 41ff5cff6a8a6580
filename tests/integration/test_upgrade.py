"""A home of an earlier version is brought to the present one, and never back.

`tests/golden/warehouse_<version>.txt` says which columns a version of the contract has. That of
1 was written from a warehouse that the program of that time had made.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from homes import Home, copy_of, small_home
from posted import Office, open_office
from rich.console import Console
from sqlalchemy import Connection, Engine, text

from tembaga import contract, verify
from tembaga.contract import ContractError
from tembaga.contract.steps import STEPS
from tembaga.embedded.postgres import Postgres
from tembaga.installation import Installation
from tembaga.register import RegisterVersionError, known_revisions
from tembaga.settings import PROJECT, Settings, load_settings
from tembaga.upgrade import upgrade
from tembaga.warehouse import (
    any_warehouse,
    has_table,
    open_warehouse,
    read_any_warehouse,
    read_warehouse,
)

GOLDEN = PROJECT / "tests" / "golden"
COLUMNS = """
select table_schema, table_name, column_name, data_type, is_nullable
from information_schema.columns
where table_schema in ('raw', 'ledger')
"""
ONE_NAME = {"varchar": "text", "character varying": "text", "decimal(38,0)": "numeric"}
HEADS = "select batch_no, head from ledger.batches order by batch_no"
NEW_RAW_TABLES = ("raw.contract", "raw.claims", "raw.payments", "raw.cohorts")
NEW_RAW_TABLES += ("raw.uptakes", "raw.releases", "raw.outlets", "raw.advocates")
NEW_RAW_TABLES += ("raw.partner_products", "raw.voucher_status", "raw.activities")
NEW_TABLES = (*NEW_RAW_TABLES, "ledger.splits", "ledger.uses", "ledger.valuations")
NEW_COLUMNS = {
    "raw.sales": ("second_advocate",),
    "raw.programme": ("claim_grace_days",),
    "raw.versions": ("first_share", "second_share", "share_divisor"),
    "ledger.documents": ("first_advocate", "second_advocate"),
}


@dataclass(frozen=True)
class Earlier:
    """A home with a batch, as the program of contract 1 left it, and what its warehouse was."""

    home: Home
    present_shape: str


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def left_behind(
    request: pytest.FixtureRequest, server: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Earlier]:
    """A home of the first contract on each engine; it is only copied."""
    present: list[str] = []

    def keep_books(office: Office) -> None:
        _without_split(office.settings.campaigns / "base.yml")
        office.sells("ANI", "A-1", "2026-01-05", 9_000_000)
        office.sells("BUDI", "B-1", "2026-01-06", 250_000)
        office.posts("2026-01-31")
        present.append(shape(office.settings))
        with any_warehouse(office.settings) as connection:
            _undo(connection)

    path = tmp_path_factory.mktemp("earlier") / "home"
    with small_home(server, path, "earlier", request.param, keep_books) as home:
        yield Earlier(home, *present)


@pytest.fixture
def earlier(left_behind: Earlier, server: Postgres, tmp_path: Path) -> Iterator[Office]:
    """A copy of the home that was left behind."""
    with copy_of(server, left_behind.home, tmp_path / "home", "upgraded") as office:
        yield office


@pytest.fixture
def office(register: Engine, tmp_path: Path, warehouse: dict[str, str]) -> Office:
    """An office that has posted nothing; its register answers at the address of its settings."""
    url = register.url.render_as_string(hide_password=False)
    return open_office(register, tmp_path, register_url=url, **warehouse)


def _without_split(path: Path) -> None:
    """Nobody shared a line then."""
    campaign = yaml.safe_load(path.read_text())
    for version in campaign["versions"]:
        version.pop("split", None)
    path.write_text(yaml.safe_dump(campaign))


def _undo(connection: Connection) -> None:
    """Take away what the steps from contract 1 on have brought, with the views on it."""
    for table in NEW_TABLES:
        connection.execute(text(f"drop table {table} cascade"))
    for table, columns in NEW_COLUMNS.items():
        for column in columns:
            connection.execute(text(f"alter table {table} drop column {column} cascade"))
    connection.execute(text("update raw.project set sha256 = 'of an earlier project'"))


def shape(settings: Settings) -> str:
    """The tables and columns of a warehouse, in words that both engines share."""
    with read_any_warehouse(settings) as connection:
        found = connection.execute(text(COLUMNS)).all()
    rows = []
    for schema, table, column, kind, is_nullable in found:
        kind = ONE_NAME.get(kind.lower(), kind.lower())
        may_be_null = "" if is_nullable == "YES" else " not null"
        rows.append(f"{schema}.{table} {column} {kind}{may_be_null}\n")
    return "".join(sorted(rows))


def heads(settings: Settings) -> list[tuple[int, str]]:
    with read_any_warehouse(settings) as connection:
        return [(row[0], row[1]) for row in connection.execute(text(HEADS))]


def broken_laws(office: Office) -> int:
    console = Console(file=io.StringIO(), width=160)
    return verify.run(office.engine, settings=office.settings, console=console)


def test_a_home_of_the_first_contract_is_upgraded_and_goes_on(earlier: Office):
    settings = earlier.settings
    assert shape(settings) == (GOLDEN / "warehouse_1.txt").read_text()
    before = heads(settings)

    upgrade(settings)
    upgrade(settings)

    assert shape(settings) == (GOLDEN / f"warehouse_{contract.VERSION}.txt").read_text()
    assert heads(settings) == before
    assert broken_laws(earlier) == 0
    earlier.sells("ANI", "A-2", "2026-02-03", 1_000_000)
    earlier.returns("BUDI", "B-1", "2026-01-06", "2026-02-04", 100_000)
    assert earlier.posts("2026-02-28") == 2
    assert heads(settings)[:1] == before
    assert broken_laws(earlier) == 0


def test_who_opens_an_earlier_warehouse_is_sent_to_migrate(earlier: Office):
    with pytest.raises(ContractError, match=r"contract 1, .* needs 2: run `tembaga migrate` first"):
        with read_warehouse(earlier.settings):
            pytest.fail("was read")
    with pytest.raises(ContractError, match="contract 1"):
        earlier.posts("2026-02-28")


def test_a_step_that_fails_changes_nothing(earlier: Office, monkeypatch: pytest.MonkeyPatch):
    before = shape(earlier.settings)
    step = STEPS[2]

    def fail(connection: Connection) -> None:
        step(connection)
        raise RuntimeError("the machine went off")

    with monkeypatch.context() as patch:
        patch.setitem(STEPS, 2, fail)
        with pytest.raises(RuntimeError, match="went off"):
            upgrade(earlier.settings)

    assert shape(earlier.settings) == before


def test_a_home_that_never_posted_is_upgraded(office: Office):
    with open_warehouse(office.settings) as connection:
        for table in NEW_RAW_TABLES:
            connection.execute(text(f"drop table {table}"))
        for table in ("raw.sales", "raw.programme", "raw.versions"):
            for column in NEW_COLUMNS[table]:
                connection.execute(text(f"alter table {table} drop column {column}"))

    upgrade(office.settings)

    with read_warehouse(office.settings) as connection:
        assert contract.found_version(connection) == contract.VERSION
        assert not has_table(connection, "ledger", "documents")


def test_a_newer_warehouse_is_left_alone_and_so_is_the_register(office: Office):
    with open_warehouse(office.settings) as connection:
        connection.execute(text("update raw.contract set version = 99"))
    with office.engine.begin() as register:
        register.execute(text("update alembic_version set version_num = '0001'"))

    for work in (upgrade, _read, _write):
        with pytest.raises(ContractError, match=r"contract 99, .* a newer version has upgraded it"):
            work(office.settings)

    with office.engine.connect() as register:
        assert register.scalar(text("select version_num from alembic_version")) == "0001"


def _read(settings: Settings) -> None:
    with read_warehouse(settings):
        pytest.fail("was read")


def _write(settings: Settings) -> None:
    with open_warehouse(settings):
        pytest.fail("was written")


def test_a_warehouse_from_before_the_first_contract_is_left_alone(office: Office):
    with open_warehouse(office.settings) as connection:
        connection.execute(text("drop table raw.contract"))
        connection.execute(text("create schema ledger"))
        connection.execute(text("create table ledger.batches (batch_no integer)"))

    with pytest.raises(ContractError, match="older than the first one that can be upgraded"):
        upgrade(office.settings)


def test_a_newer_register_is_left_alone(register: Engine, settings: Settings):
    url = register.url.render_as_string(hide_password=False)
    here = load_settings(home=settings.home, register_url=url)
    with register.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))

    with pytest.raises(RegisterVersionError, match=r"9999, .* a newer version has migrated it"):
        upgrade(here)
    with Installation(here) as installation, pytest.raises(RegisterVersionError, match="9999"):
        _ = installation.engine


def test_a_task_does_not_migrate_a_register_by_itself(register: Engine, settings: Settings):
    url = register.url.render_as_string(hide_password=False)
    with register.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '0001'"))

    with Installation(load_settings(home=settings.home, register_url=url)) as here:
        with pytest.raises(RegisterVersionError, match="run `tembaga migrate` first"):
            _ = here.engine


def test_revisions_are_known_by_the_names_of_their_files(register: Engine):
    with register.connect() as connection:
        head = connection.scalar(text("select version_num from alembic_version"))

    assert known_revisions()[-1] == head


def test_the_present_contract_is_written_down(left_behind: Earlier, accept: bool):
    path = GOLDEN / f"warehouse_{contract.VERSION}.txt"
    if accept:
        path.write_text(left_behind.present_shape)

    assert sorted(STEPS) == list(range(2, contract.VERSION + 1))
    assert left_behind.present_shape == path.read_text(), (
        "A warehouse in use has not these columns. Raise VERSION in tembaga/contract, write the "
        "step to it, and run this test with --accept."
    )
