"""A drop zone on each of the servers that it may stand on, and a ledger on each engine."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from paramiko import SFTPClient
from posted import Office, post_everything
from servers import openssh_server, reaching

from tembaga.drop_zone import open_address
from tembaga.embedded.postgres import Postgres
from tembaga.embedded.sftp_server import add_partner, sftp_server
from tembaga.register import open_register
from tembaga.settings import Settings
from tests.conftest import fresh_database

PARTNERS = ("north", "south")


@pytest.fixture(params=["embedded", "openssh"])
def drop_zone(
    request: pytest.FixtureRequest, settings: Settings, tmp_path: Path
) -> Iterator[Settings]:
    """A drop zone of the partners north and south; gives the settings that reach it."""
    for partner in PARTNERS:
        add_partner(settings, partner)
    with ExitStack() as started:
        if request.param == "embedded":
            port = started.enter_context(sftp_server(settings))
            yield reaching(settings, port)
        else:
            openssh: dict[str, str] = request.getfixturevalue("openssh")
            server = openssh_server(openssh["sshd"], settings, tmp_path, PARTNERS)
            yield started.enter_context(server)


@pytest.fixture
def sftp(drop_zone: Settings) -> Iterator[SFTPClient]:
    """A connection of our own account to the drop zone."""
    with open_address(drop_zone) as sftp:
        yield sftp


@pytest.fixture(scope="session")
def posted_on(
    server: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Office]]:
    """Gives a small ledger in which every rule was used, on an engine: once made, it stays."""
    made: dict[str, Office] = {}
    with ExitStack() as databases:

        def give(engine_name: str) -> Office:
            if engine_name not in made:
                made[engine_name] = _post(server, engine_name, tmp_path_factory, databases)
            return made[engine_name]

        yield give


def _post(
    server: Postgres,
    engine_name: str,
    tmp_path_factory: pytest.TempPathFactory,
    databases: ExitStack,
) -> Office:
    register = fresh_database(server, f"posted_{engine_name}", template="template_register")
    url = databases.enter_context(register)
    warehouse = {"warehouse": engine_name}
    if engine_name == "postgres":
        warehouse["warehouse_url"] = databases.enter_context(
            fresh_database(server, "posted_warehouse")
        )
    engine = open_register(url)
    databases.callback(engine.dispose)
    return post_everything(engine, tmp_path_factory.mktemp("posted"), **warehouse)


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def posted(request: pytest.FixtureRequest, posted_on: Callable[[str], Office]) -> Office:
    """That ledger, on each engine in turn; tests leave it as it is."""
    return posted_on(request.param)


@pytest.fixture
def other_engine(engine_name: str, server: Postgres) -> Iterator[dict[str, str]]:
    """Where to replay what stands in the warehouse of a test: on the other engine."""
    if engine_name == "postgres":
        yield {}
    else:
        with fresh_database(server, "replayed") as url:
            yield {"warehouse_url": url}
