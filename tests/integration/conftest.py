"""A drop zone on each of the servers that it may stand on, and a ledger on each engine."""

from collections.abc import Iterator
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


@pytest.fixture(scope="session", params=["duckdb", "postgres"])
def posted(
    request: pytest.FixtureRequest, server: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    """A small ledger in which every rule was used, on each engine; tests leave it as it is."""
    home = tmp_path_factory.mktemp("posted")
    with ExitStack() as databases:
        url = databases.enter_context(
            fresh_database(server, f"posted_{request.param}", template="template_register")
        )
        warehouse = {"warehouse": request.param}
        if request.param == "postgres":
            warehouse["warehouse_url"] = databases.enter_context(
                fresh_database(server, "posted_warehouse")
            )
        engine = open_register(url)
        databases.callback(engine.dispose)
        yield post_everything(engine, home, **warehouse)
