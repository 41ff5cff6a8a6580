"""A drop zone on each of the servers that it may stand on."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from paramiko import SFTPClient
from servers import openssh_server, reaching

from tembaga.drop_zone import open_address
from tembaga.embedded.sftp_server import add_partner, sftp_server
from tembaga.settings import Settings

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
