"""The dbt project: its unit tests pass, and a batch that breaks a law is not posted."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dbt.cli.main import dbtRunner
from sqlalchemy import Engine, func, select, text

from tembaga import dbt
from tembaga.post import POSTING_LOCK, BatchInProgressError, LawBrokenError
from tembaga.register.tables import batches
from tembaga.settings import PROJECT, Settings, load_settings
from tembaga.warehouse import (
    PUBLISHING_LOCK,
    WRITING_LOCK,
    WarehouseInUseError,
    WarehouseUnreachableError,
    address,
    claim_warehouse,
    confine,
    open_warehouse,
    read_warehouse,
)
from tests.spec.bookkeeper import CAMPAIGNS, Bookkeeper


@pytest.fixture
def books(register: Engine, tmp_path: Path, prepared_warehouse: dict[str, str]) -> Bookkeeper:
    settings = load_settings(
        home=tmp_path / "home", programme="spec", campaigns_folder=CAMPAIGNS, **prepared_warehouse
    )
    return Bookkeeper(register, settings)


def test_the_unit_tests_of_the_models_pass(books: Bookkeeper, tmp_path: Path):
    books.sells("ADV", "A1", "2026-01-05", 100_000)
    books.posts("2026-01-31")  # The unit tests need the tables, not what is in them.
    project = str(PROJECT / "dbt")
    folders = ["--project-dir", project, "--profiles-dir", project]
    folders += ["--target-path", str(tmp_path / "dbt"), "--log-path", str(tmp_path / "dbt")]

    result = dbtRunner().invoke(["test", "--select", "test_type:unit", "--quiet", *folders])
    dbt._let_go_of_the_warehouse()

    assert result.success
    assert len(result.result.results) >= 7


# Each mutilates the books so that the next batch meets a law; the first batch has 10 points.
BROKEN = {
    "nothing_counts_after_the_batch": "update ledger.batches set batch_no = 7",
    "the_trial_balance_is_zero": "update ledger.balances set credits = 11 where credits = 10",
    "no_advocate_is_negative": "update ledger.balances set debits = 90 where credits = 10",
    "lots_equal_their_accounts": "update ledger.lots set pending = 25",
}


@pytest.mark.parametrize(("law", "damage"), BROKEN.items())
def test_a_batch_that_breaks_a_law_appends_nothing(books: Bookkeeper, law: str, damage: str):
    books.sells("ADV", "A1", "2026-01-28", 100_000)
    books.posts("2026-01-31")
    with open_warehouse(books.settings) as warehouse:
        warehouse.execute(text(damage))
    books.sells("ADV", "A1", "2026-01-28", 100_000)

    with pytest.raises(LawBrokenError, match=law):
        books.posts("2026-02-01")

    assert books.asks("select count(*) from ledger.transfers") == [(1,)]


def test_what_an_earlier_version_made_as_a_view_becomes_a_table(books: Bookkeeper):
    books.sells("ADV", "A1", "2026-01-28", 100_000)
    books.posts("2026-01-31")
    with open_warehouse(books.settings) as warehouse:
        warehouse.execute(text("drop table rating.batch_documents cascade"))
        warehouse.execute(text("create view rating.batch_documents as select 1 as document_no"))
    books.sells("ADV", "A2", "2026-01-28", 100_000)

    assert books.posts("2026-02-01") == 2
    assert books.stands("ADV") == {"pending": 20}


def test_a_second_posting_at_the_same_time_is_turned_away(books: Bookkeeper):
    books.sells("ADV", "A1", "2026-01-05", 100_000)
    with books.engine.connect() as other:
        other.execute(select(func.pg_advisory_lock(POSTING_LOCK)))

        with pytest.raises(BatchInProgressError, match="Another process is posting"):
            books.posts("2026-01-31")
        other.execute(select(func.pg_advisory_unlock(POSTING_LOCK)))

    assert books.posts("2026-01-31") == 1


def test_a_batch_that_was_published_before_a_crash_is_recognised(books: Bookkeeper):
    books.sells("ADV", "A1", "2026-01-05", 100_000)
    books.posts("2026-01-31")
    with books.engine.begin() as register:  # As if killed before the register was told.
        register.execute(text("update files set batch_no = null"))
        register.execute(batches.update().values(published_at=None, head=None, transfers=None))

    assert books.posts("2026-01-31") is None
    assert books.asks("select count(*) from ledger.batches") == [(1,)]
    with books.engine.connect() as register:
        head = register.execute(select(batches.c.head)).scalar_one()
    assert books.asks("select head from ledger.batches") == [(head,)]


HOLDERS = {
    "duckdb": "import duckdb, sys; c = duckdb.connect(sys.argv[1])",
    "postgres": "import psycopg2, sys; c = psycopg2.connect(sys.argv[1]); "
    "c.cursor().execute('select {lock}')",
}


@contextmanager
def someone_else(settings: Settings, lock: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """Another process that has the warehouse open for writing."""
    where = address(settings)
    opened = str(where.database)
    if settings.warehouse == "postgres":
        opened = f"host={where.query['host']} user=postgres dbname={where.database}"
    program = HOLDERS[settings.warehouse].format(lock=lock) + "; print(1, flush=True); input()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, opened], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("lock", [WRITING_LOCK, PUBLISHING_LOCK])
def test_a_warehouse_in_use_is_named(books: Bookkeeper, engine_name: str, lock: int):
    if (engine_name, lock) == ("duckdb", PUBLISHING_LOCK):
        pytest.skip("a DuckDB file has one lock")
    books.sells("ADV", "A1", "2026-01-05", 100_000)
    books.posts("2026-01-31")
    books.sells("ADV", "A2", "2026-01-05", 100_000)

    with someone_else(books.settings, f"pg_advisory_lock({lock})"):
        with pytest.raises(WarehouseInUseError, match="in use by another process"):
            books.posts("2026-02-01")
        with pytest.raises(WarehouseInUseError, match="in use by another process"):
            with open_warehouse(books.settings):
                pass

    assert books.posts("2026-02-01") == 2  # Its process has ended, and its claim with it.


def test_who_has_claimed_the_warehouse_writes_as_often_as_it_likes(books: Bookkeeper):
    with claim_warehouse(books.settings):
        with open_warehouse(books.settings), claim_warehouse(books.settings):
            pass
        with open_warehouse(books.settings):
            pass


def test_a_warehouse_that_does_not_answer_is_named(books: Bookkeeper, engine_name: str):
    if engine_name == "duckdb":
        pytest.skip("a file does not answer")
    gone = books.settings.warehouse_url.replace("/warehouse?", "/nothing?")

    for settings, sentence in (
        (books.settings.model_copy(update={"warehouse_url": gone}), "/nothing.* does not answer"),
        (books.settings.model_copy(update={"warehouse_url": None}), "TEMBAGA_WAREHOUSE_URL"),
    ):
        with pytest.raises(WarehouseUnreachableError, match=sentence):
            with read_warehouse(settings):
                pass


def test_duckdb_keeps_to_its_memory(tmp_path: Path):
    roomy = load_settings(home=tmp_path, warehouse_memory="300MiB")
    narrow = load_settings(home=tmp_path, warehouse_memory="200MiB")
    question = text("select current_setting('memory_limit')")

    with open_warehouse(roomy) as connection:
        assert connection.scalar(question) == "300.0 MiB"
        confine(connection, roomy, share=0.4)  # For as long as this lasts.
        assert connection.scalar(question) == "120.0 MiB"
    with read_warehouse(roomy) as connection:
        assert connection.scalar(question) == "300.0 MiB"
        with read_warehouse(narrow) as other:  # The same process may say something else.
            assert other.scalar(question) == "200.0 MiB"
    assert dbt.environment(roomy)["TEMBAGA_DBT_MEMORY"] == "300MiB"
