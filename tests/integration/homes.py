"""Small homes with a ledger, each made once and copied for the tests that change it."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from posted import Office, open_office
from sqlalchemy import create_engine

from tembaga.embedded.postgres import Postgres
from tembaga.settings import Settings, load_settings
from tests.conftest import fresh_database


@dataclass(frozen=True)
class Home:
    """A home with its databases `<name>_register` and, on PostgreSQL, `<name>_warehouse`."""

    path: Path
    name: str
    engine_name: str

    def databases(self) -> dict[str, str]:
        """The settings of its databases, and how these are called."""
        of_warehouse = {"warehouse_url": f"{self.name}_warehouse"}
        return {"register_url": f"{self.name}_register"} | (
            of_warehouse if self.engine_name == "postgres" else {}
        )


@contextmanager
def small_home(
    server: Postgres, path: Path, name: str, engine_name: str, keep_books: Callable[[Office], None]
) -> Iterator[Home]:
    """A home in which `keep_books` was done; it is there to be copied."""
    home = Home(path, name, engine_name)
    path.mkdir(parents=True)
    with ExitStack() as databases:
        urls = {}
        for setting, database in home.databases().items():
            template = "template_register" if setting == "register_url" else "template1"
            urls[setting] = databases.enter_context(fresh_database(server, database, template))
        engine = create_engine(urls["register_url"])
        keep_books(open_office(engine, path, warehouse=engine_name, **urls))
        engine.dispose()
        yield home


@contextmanager
def copy_of(server: Postgres, home: Home, to: Path, name: str) -> Iterator[Office]:
    """A copy of a home, made with the engines' own means."""
    shutil.copytree(home.path, to)
    copied = Home(to, name, home.engine_name)
    templates = home.databases()
    with ExitStack() as databases:
        urls = {
            setting: databases.enter_context(fresh_database(server, database, templates[setting]))
            for setting, database in copied.databases().items()
        }
        yield databases.enter_context(_office(to, home.engine_name, urls))


@contextmanager
def empty_home(server: Postgres, home: Home, to: Path, name: str) -> Iterator[Office]:
    """An empty home on empty databases, with the landing, the keys and the rules of another."""
    to.mkdir()
    for part in ("landing", "keys", "campaigns"):
        shutil.copytree(home.path / part, to / part)
    with ExitStack() as databases:
        urls = {
            setting: databases.enter_context(fresh_database(server, database))
            for setting, database in Home(to, name, home.engine_name).databases().items()
        }
        yield databases.enter_context(_office(to, home.engine_name, urls))


@contextmanager
def _office(path: Path, engine_name: str, urls: dict[str, str]) -> Iterator[Office]:
    engine = create_engine(urls["register_url"])
    try:
        yield Office(engine, _settings(path, engine_name, urls))
    finally:
        engine.dispose()


def _settings(path: Path, engine_name: str, urls: dict[str, str]) -> Settings:
    return load_settings(
        home=path,
        programme="spec",
        campaigns_folder=path / "campaigns",
        warehouse=engine_name,
        **urls,
    )
