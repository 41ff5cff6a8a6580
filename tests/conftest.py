"""What the tests share: a home of their own, a register, and running services.

All of it is real: the PostgreSQL of the wheel, the embedded SFTP server, OpenSSH's programs.
"""

import itertools
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from tembaga import dbt
from tembaga.embedded.postgres import Postgres, postgres
from tembaga.embedded.services import running
from tembaga.register import migrate, open_register
from tembaga.settings import Settings, load_settings

SPEC = Path(__file__).parent / "spec"  # Where the longest files are.
OPENSSH = {"sftp": "sftp", "sshd": "/usr/sbin/sshd"}
GNUPG = {"gpg": "gpg"}
BOOKKEEPING = {name: name for name in ("hledger", "ledger", "bean-check", "bean-query")}

_database_numbers = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--accept",
        action="store_true",
        help="write what is approved or generated (golden files, docs, guide) anew",
    )
    histories = parser.getgroup("random histories", "what tests/property tries")
    histories.addoption("--sequences", type=int, default=40, help="how many histories")
    histories.addoption("--operations", type=int, default=40, help="operations of each")
    histories.addoption("--posted-in", type=int, default=7, help="batches of each")
    histories.addoption("--first-seed", type=int, default=1, help="the seed of the first")
    histories.addoption(
        "--reduce", action="store_true", help="look for the smallest history that fails"
    )
    torture = parser.getgroup("torture", "what tests/crash and tests/mutants try")
    torture.addoption("--torture", action="store_true", help="all of it, and say how much it was")
    torture.addoption("--kills", type=int, default=200, help="at random instants, on each engine")
    torture.addoption("--steps-apart", type=int, default=1, help="kill at each n-th step")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first: of two workers none is left with one of them at the end."""
    items.sort(key=lambda item: item.path.parent != SPEC)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """As root, use folders of this run alone.

    PostgreSQL then runs as another user, from whom pytest closes its usual folder each time
    that a second run begins beside this one.
    """
    if os.geteuid() == 0 and not config.option.basetemp:
        config.option.basetemp = tempfile.mkdtemp(prefix="tembaga-tests-")
        config.add_cleanup(lambda: shutil.rmtree(config.option.basetemp, ignore_errors=True))
    _keep_airflow_out_of_the_users_home(config)


def _keep_airflow_out_of_the_users_home(config: pytest.Config) -> None:
    """Airflow writes its settings and logs into `~/airflow` as soon as it is imported."""
    folder = tempfile.mkdtemp(prefix="tembaga-airflow-")
    os.environ["AIRFLOW_HOME"] = folder
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


@pytest.fixture(scope="session")
def accept(request: pytest.FixtureRequest) -> bool:
    """Whether what differs from the approved is to be approved."""
    return bool(request.config.getoption("--accept"))


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that this terminal says of Tembaga reaches the tests."""
    for name in [name for name in os.environ if name.startswith("TEMBAGA_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """A command that ran in this process does not say how much the next test is told."""
    log = logging.getLogger("tembaga")
    level = log.level
    yield
    log.setLevel(level)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """One PostgreSQL for all tests, with the register's tables in a database to copy."""
    folder = tmp_path_factory.mktemp("server") / "postgres"
    with postgres(folder, databases=("template_register",)) as server:
        engine = open_register(server.url("template_register"))
        migrate(engine)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("alter system set fsync = off"))  # Nothing here must last.
            connection.execute(text("select pg_reload_conf()"))
        engine.dispose()
        yield server


@contextmanager
def fresh_database(server: Postgres, name: str, template: str = "template1") -> Iterator[str]:
    """A database of the server that is there for as long as this lasts; gives its address."""
    admin = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"create database {name} template {template}"))
    try:
        yield server.url(name)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"drop database {name} with (force)"))
        admin.dispose()


@pytest.fixture
def register_url(server: Postgres) -> Iterator[str]:
    """The address of a fresh register."""
    name = f"register_{next(_database_numbers)}"
    with fresh_database(server, name, template="template_register") as url:
        yield url


@pytest.fixture
def register(register_url: str) -> Iterator[Engine]:
    """A fresh register."""
    engine = open_register(register_url)
    yield engine
    engine.dispose()


other_register_url = register_url  # A second one, for a test that compares two installations.


@pytest.fixture
def other_register(other_register_url: str) -> Iterator[Engine]:
    """Another fresh register."""
    engine = open_register(other_register_url)
    yield engine
    engine.dispose()


@pytest.fixture(params=["duckdb", "postgres"])
def engine_name(request: pytest.FixtureRequest) -> str:
    """Each engine of the warehouse in turn."""
    return str(request.param)


@pytest.fixture
def postgres_warehouse(server: Postgres) -> Iterator[dict[str, str]]:
    """The settings of a fresh warehouse on PostgreSQL.

    It has the same name each time: dbt reads its project once for each name.
    """
    with fresh_database(server, "warehouse") as url:
        yield {"warehouse": "postgres", "warehouse_url": url}


@pytest.fixture
def warehouse(request: pytest.FixtureRequest, engine_name: str) -> dict[str, str]:
    """The settings of a fresh warehouse on each engine."""
    if engine_name == "duckdb":
        return {"warehouse": "duckdb"}
    found: dict[str, str] = request.getfixturevalue("postgres_warehouse")
    return found


@pytest.fixture(scope="session")
def prepared_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse of DuckDB's with the ledger's tables, and nothing in them: to be copied."""
    settings = load_settings(home=tmp_path_factory.mktemp("prepared"))
    dbt.prepare(settings)
    return settings.warehouse_file


@pytest.fixture(scope="session")
def prepared_database(server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The same on PostgreSQL: the name of a database to copy."""
    home, template = tmp_path_factory.mktemp("prepared"), "template_warehouse"
    with ExitStack() as kept:
        with fresh_database(server, "warehouse") as url:  # For this name dbt has read its project.
            dbt.prepare(load_settings(home=home, warehouse="postgres", warehouse_url=url))
            kept.enter_context(fresh_database(server, template, template="warehouse"))
        yield template


@pytest.fixture
def prepared_home(tmp_path: Path, prepared_file: Path) -> Path:
    """A home with an empty ledger on DuckDB. To make one costs seconds, to copy one nothing."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(prepared_file, home / prepared_file.name)
    return home


@pytest.fixture
def prepared_warehouse(
    request: pytest.FixtureRequest, engine_name: str, tmp_path: Path
) -> Iterator[dict[str, str]]:
    """The settings of an empty ledger in the home of the test, on each engine."""
    if engine_name == "duckdb":
        request.getfixturevalue("prepared_home")
        yield {"warehouse": "duckdb"}
        return
    (tmp_path / "home").mkdir()
    server: Postgres = request.getfixturevalue("server")
    template: str = request.getfixturevalue("prepared_database")
    with fresh_database(server, "warehouse", template=template) as url:
        yield {"warehouse": "postgres", "warehouse_url": url}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a home of the test's own."""
    return load_settings(home=tmp_path / "home", settle_seconds=0.05, drop_zone_port=0, smtp_port=0)


@pytest.fixture
def services(settings: Settings) -> Iterator[Settings]:
    """The embedded services of a home, running; gives the settings that reach them."""
    with running(settings) as reached:
        yield reached


@pytest.fixture
def openssh() -> dict[str, str]:
    """OpenSSH's programs by name. Where they are missing, the end of the run says so."""
    return _programs("OpenSSH", OPENSSH)


@pytest.fixture
def gnupg() -> dict[str, str]:
    """GnuPG's program by name. Where it is missing, the end of the run says so."""
    return _programs("GnuPG", GNUPG)


@pytest.fixture
def bookkeeping() -> dict[str, str]:
    """The auditors' programs by name. Where they are missing, the end of the run says so."""
    return _programs("hledger, ledger and beancount", BOOKKEEPING)


def _programs(whose: str, programs: dict[str, str]) -> dict[str, str]:
    missing = [program for program in programs.values() if shutil.which(program) is None]
    if missing:
        without = pytest.fail if os.environ.get("CI") else pytest.skip
        without(f"not tested without {whose}: {', '.join(missing)} is not installed")
    return {name: shutil.which(program) or "" for name, program in programs.items()}
