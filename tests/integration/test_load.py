"""Loading meets history: what came before, what a return takes back, and what contradicts."""

import hashlib
from datetime import UTC, datetime
from decimal import Decimal

import duckdb
import pytest
from sqlalchemy import Engine, func, insert, select, text

from tembaga import landing
from tembaga.agreements import Agreement
from tembaga.load import load
from tembaga.register.tables import files
from tembaga.settings import Settings
from tembaga.validate import validate
from tembaga.warehouse import read_warehouse

HEADER = "invoice,line,date,member,shop,product,qty,amount,returns\n"
COLUMNS = {
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
AGREEMENT = Agreement.model_validate(
    {
        "partner": "distributor",
        "number": 1,
        "kind": "distributor",
        "name": "Distributor",
        "programme": "spec",
        "language": "en",
        "contact": {"name": "Nobody", "email": "nobody@tembaga.example"},
        "feeds": {
            "sales": {
                "files": "*.csv",
                "format": "csv",
                "currency": "IDR",
                "columns": {name: {"header": header} for name, header in COLUMNS.items()},
                "unlisted": {"advocate": "accept", "outlet": "accept", "sku": "accept"},
            }
        },
    }
)


@pytest.fixture
def settings(settings: Settings, warehouse: dict[str, str]) -> Settings:
    """Settings with each engine of the warehouse in turn."""
    return settings.model_copy(update=warehouse)


@pytest.fixture
def arrives(register: Engine, settings: Settings):
    """Land and validate a file of these lines; gives its number."""

    def arrives(*lines: str) -> int:
        content = (HEADER + "".join(f"{line}\n" for line in lines)).encode()
        with register.begin() as connection:
            file_no = connection.scalar(select(func.coalesce(func.max(files.c.file_no), 0))) + 1
            name = f"sales_{file_no}.csv"
            path = landing.original(settings.landing, "distributor", file_no, name)
            path.parent.mkdir(parents=True)
            path.write_bytes(content)
            now = datetime.now(UTC)
            connection.execute(
                insert(files).values(
                    file_no=file_no,
                    partner="distributor",
                    name=name,
                    size_bytes=len(content),
                    modified_at=now,
                    seen_at=now,
                    state="landed",
                    sha256=hashlib.sha256(content).hexdigest(),
                )
            )
        validate(register, file_no, agreement=AGREEMENT, settings=settings)
        return file_no

    return arrives


@pytest.fixture
def loads(register: Engine, settings: Settings):
    return lambda: load(register, agreements={"distributor": AGREEMENT}, settings=settings)


@pytest.fixture
def asks(settings: Settings):
    """Rows of the warehouse."""

    def asks(query: str) -> list[tuple]:
        with read_warehouse(settings) as warehouse:
            return [tuple(row) for row in warehouse.execute(text(query))]

    return asks


@pytest.fixture
def outcomes(asks):
    """The lines of the warehouse: file, line, outcome and code."""
    query = "select file_no, line_no, outcome, code from raw.sales order by 1, 2"
    return lambda: asks(query)


SALE = "INV-1,1,2026-01-05,ADV-1,SHOP,OIL,2,100000,"
RETURN = "RET-1,1,2026-01-09,ADV-1,SHOP,OIL,-1,-50000,INV-1"


def test_a_line_that_comes_again_in_another_file_is_a_duplicate(arrives, loads, outcomes):
    arrives(SALE)
    loads()
    arrives(SALE, "INV-2,1,2026-01-06,ADV-1,SHOP,OIL,1,70000,")
    loads()

    assert outcomes() == [
        (1, 2, "accepted", None),
        (2, 2, "duplicate", "DUPLICATE"),
        (2, 3, "accepted", None),
    ]


def test_a_line_that_comes_again_with_other_content_is_held(arrives, loads, outcomes):
    arrives(SALE)
    arrives(SALE.replace("100000", "900000"))
    loads()

    assert outcomes() == [(1, 2, "accepted", None), (2, 2, "held", "E_CONFLICT")]


def test_a_return_finds_the_document_that_it_names(arrives, loads, outcomes):
    arrives(SALE)
    loads()
    arrives(RETURN)
    loads()

    assert outcomes()[1] == (2, 2, "accepted", None)


def test_a_return_and_its_sale_may_come_in_one_run_in_any_order(arrives, loads, outcomes):
    arrives(RETURN)
    arrives(SALE)
    loads()

    assert [row[2] for row in outcomes()] == ["accepted", "accepted"]


@pytest.mark.parametrize(
    "unmatched",
    [
        RETURN.replace("INV-1", "INV-9"),
        RETURN.replace("ADV-1", "ADV-2"),
        RETURN.replace("OIL", "GREASE"),
        RETURN.replace("2026-01-09", "2026-01-04"),
    ],
)
def test_a_return_without_its_sale_is_held(arrives, loads, outcomes, unmatched):
    arrives(SALE)
    arrives(unmatched)
    loads()

    assert outcomes()[1] == (2, 2, "held", "RETURN_UNMATCHED")


def test_the_register_counts_what_history_found(arrives, loads, register, settings):
    arrives(SALE)
    loads()
    arrives(SALE, SALE.replace("INV-1,1", "INV-1,2"), RETURN.replace("INV-1", "INV-9"), "broken")
    loads()

    with register.connect() as connection:
        file = connection.execute(select(files).where(files.c.file_no == 2)).mappings().one()
    parts = ("accepted", "duplicate", "held", "rejected")
    assert [file[f"lines_{part}"] for part in parts] == [1, 1, 1, 1]
    assert [file[f"amount_{part}"] for part in parts] == [100_000, 100_000, -50_000, 0]
    assert file["lines_in"] == 4
    assert file["amount_in"] == Decimal(150_000)
    folder = landing.folder_of(settings.landing, "distributor", 2)
    findings = duckdb.execute(
        f"select line_no, outcome, code, seen, amount from '{folder}/findings.parquet' order by 1"
    ).fetchall()
    assert findings == [
        (2, "duplicate", "DUPLICATE", "INV-1", Decimal(100_000)),
        (4, "held", "RETURN_UNMATCHED", "INV-9", Decimal(-50_000)),
    ]


def test_loading_again_changes_nothing(arrives, loads, outcomes, register):
    arrives(SALE)
    first = loads()
    before = outcomes()
    again = loads()

    assert (first, again) == ([1], [])
    assert outcomes() == before


def test_loading_after_a_crash_before_the_register_was_told_changes_nothing(
    arrives, loads, outcomes, register
):
    arrives(SALE)
    arrives(SALE, SALE.replace("INV-1,1", "INV-1,2"))
    loads()
    before = outcomes()
    with register.begin() as connection:  # As if killed between the two commits.
        connection.execute(
            files.update()
            .where(files.c.file_no == 2)
            .values(
                state="validated",
                lines_accepted=2,
                amount_accepted=200_000,
                lines_duplicate=0,
                amount_duplicate=0,
            )
        )
    loads()

    assert outcomes() == before
    with register.connect() as connection:
        counted = connection.execute(
            select(files.c.lines_accepted, files.c.lines_duplicate).where(files.c.file_no == 2)
        ).one()
    assert tuple(counted) == (1, 1)


def test_a_return_of_a_sale_that_is_held_is_held_too(arrives, loads, outcomes):
    arrives(SALE)
    arrives(SALE.replace("OIL", "GREASE"), RETURN.replace("OIL", "GREASE"))
    loads()

    assert [row[2:] for row in outcomes()] == [
        ("accepted", None),
        ("held", "E_CONFLICT"),
        ("held", "RETURN_UNMATCHED"),
    ]


def test_a_return_that_waits_for_its_sale_is_not_counted_twice(arrives, loads, outcomes):
    arrives(RETURN)
    loads()
    arrives(SALE)
    arrives(RETURN, SALE.replace("INV-1,1", "INV-2,1"))
    loads()

    assert [row[2] for row in outcomes()] == ["held", "accepted", "duplicate", "accepted"]


def test_a_character_that_postgres_cannot_hold_comes_in_no_file_that_is_loaded(
    arrives, loads, register
):
    arrives(SALE.replace("SHOP", "SH\x00P"))

    assert loads() == []
    with register.connect() as connection:
        assert connection.scalar(select(files.c.state)) == "refused"
