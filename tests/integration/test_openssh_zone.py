"""The drop zone of docker-compose lets a partner do what was agreed, and nothing else.

What is run is what is committed: `sftp_inbound/server/sshd_config` and `keeper.py`.
"""

import os
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest
from openssh_zone import can_run, openssh_zone, wait_for
from servers import drop_with_openssh

from tembaga import accounts
from tembaga.demo.outside import let_partners_in
from tembaga.demo.programme import UNKNOWN_SENDER
from tembaga.drop_zone import DropZoneUnreachable, at, deliver, entries, open_address
from tembaga.embedded.sftp_server import ensure_key, public_key
from tembaga.settings import Settings
from tests.conftest import OPENSSH

PARTNERS = ("north", "south")
QUOTA_BYTES = 1_000_000
ADMINISTRATIVELY_PROHIBITED = 1  # As RFC 4254 counts: not that nobody listens there.


def let_in(settings: Settings, partner: str, *, quota_bytes: int = QUOTA_BYTES) -> None:
    ensure_key(settings.keys, partner)
    accounts.let_in(
        partner,
        [public_key(settings.keys, partner)],
        is_merchant=partner == "south",
        settings=settings,
        quota_bytes=quota_bytes,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("openssh_zone")


@pytest.fixture(scope="module")
def zone(folder: Path) -> Iterator[Settings]:
    if not can_run():
        pytest.skip("not tested without root and a mount namespace, which nobody can install")
    if not Path(OPENSSH["sshd"]).exists():
        without = pytest.fail if os.environ.get("CI") else pytest.skip
        without(f"not tested without OpenSSH: {OPENSSH['sshd']} is not installed")
    settings = Settings(home=folder / "home", drop_zone_accounts=folder / "accounts")
    for partner in PARTNERS:
        let_in(settings, partner)
    with openssh_zone(settings, folder, DROP_ZONE_MAX_FILE_BYTES="600000") as reached:
        yield reached


@pytest.fixture
def files(folder: Path) -> Path:
    """The folder that the drop zone keeps its files in."""
    return folder / "srv" / "drop_zone"


def sftp(zone: Settings, partner: str, *commands: str) -> "subprocess.CompletedProcess[str]":
    """What OpenSSH's client says to commands of a partner."""
    return drop_with_openssh("sftp", zone, partner, "\n".join(commands) + "\n")


def as_partner(zone: Settings, partner: str) -> Settings:
    account = {"drop_zone_user": partner, "drop_zone_key_file": zone.keys / partner}
    return zone.model_copy(update=account)


@pytest.fixture
def north(zone: Settings) -> Iterator[paramiko.SFTPClient]:
    with open_address(as_partner(zone, "north")) as client:
        yield client


@pytest.fixture
def transport(zone: Settings) -> Iterator[paramiko.Transport]:
    """A connection of a partner on which nothing was asked for yet."""
    with socket.create_connection((zone.drop_zone_host, zone.drop_zone_port)) as line:
        with paramiko.Transport(line) as transport:
            key = paramiko.Ed25519Key.from_private_key_file(str(zone.keys / "north"))
            transport.connect(username="north", pkey=key)
            yield transport


def until(is_so, what: str) -> None:
    give_up_at = time.monotonic() + 15
    while not is_so():
        assert time.monotonic() < give_up_at, what
        time.sleep(0.1)


def test_a_partner_writes_into_its_inbox_and_we_take_it_and_answer(
    zone: Settings, files: Path, tmp_path: Path
) -> None:
    (tmp_path / "sales.csv").write_bytes(b"a;b\n")
    (tmp_path / "sales.csv").chmod(0o600)  # As many programs write their files.
    assert sftp(zone, "north", f"put {tmp_path}/sales.csv /inbox/").returncode == 0
    time.sleep(2)

    with open_address(zone) as ours:
        assert ours.open("north/inbox/sales.csv").read() == b"a;b\n"
        ours.rename("north/inbox/sales.csv", "north/received/00000001_sales.csv")
        deliver(ours, "north/ack", "1.csv", b"thanks")

    assert sftp(zone, "north", f"get /ack/1.csv {tmp_path}/").returncode == 0
    assert (tmp_path / "1.csv").read_bytes() == b"thanks"
    assert (files / "north/received/00000001_sales.csv").read_bytes() == b"a;b\n"


def test_what_was_taken_can_be_read_and_not_be_changed(
    zone: Settings, north: paramiko.SFTPClient, files: Path
) -> None:
    north.open("inbox/once.csv", "w").write(b"1\n")
    with open_address(zone) as ours:
        ours.rename("north/inbox/once.csv", "north/received/00000009_once.csv")
    taken = files / "north/received/00000009_once.csv"
    until(lambda: taken.stat().st_uid == 900, "it did not become ours")

    assert north.open("received/00000009_once.csv").read() == b"1\n"
    with pytest.raises(PermissionError):
        north.open("received/00000009_once.csv", "r+")
    with pytest.raises(PermissionError):
        north.remove("received/00000009_once.csv")


@pytest.mark.parametrize("path", ["new.csv", "ack/new.csv", "received/new.csv"])
def test_a_partner_writes_nowhere_but_in_its_inbox(north: paramiko.SFTPClient, path: str) -> None:
    with pytest.raises(PermissionError):
        north.open(path, "w")


def test_a_partner_makes_no_folders(north: paramiko.SFTPClient) -> None:
    with pytest.raises(OSError):
        north.mkdir("inbox/folder")


def test_the_folders_of_others_are_not_visible(north: paramiko.SFTPClient) -> None:
    assert sorted(north.listdir("/")) == ["ack", "inbox", "received"]
    for path in ("/../south", "/../../srv/drop_zone/south/inbox", "/srv", "/etc/passwd"):
        with pytest.raises(FileNotFoundError):
            north.stat(path)


def test_a_merchant_has_a_folder_for_its_vouchers(zone: Settings) -> None:
    with open_address(as_partner(zone, "south")) as south:
        assert "vouchers" in south.listdir("/")


def test_our_own_account_sees_the_drop_zone_and_nothing_outside_it(zone: Settings) -> None:
    with open_address(zone) as ours:
        assert {one.name for one in entries(ours, at("/"))} >= {b"north", b"south"}
        with pytest.raises(FileNotFoundError):
            ours.stat("/etc/passwd")


@pytest.mark.parametrize("target", ["/etc/passwd", "../../south/inbox", "inbox/own.csv"])
def test_nobody_makes_links(zone: Settings, north: paramiko.SFTPClient, target: str) -> None:
    with pytest.raises(OSError):
        north.symlink(target, "inbox/link")
    with open_address(zone) as ours, pytest.raises(OSError):
        ours.symlink(target, "north/ack/link")
    assert "link" not in north.listdir("inbox")


def test_nobody_makes_hard_links(zone: Settings, north: paramiko.SFTPClient) -> None:
    north.open("inbox/one.csv", "w").write(b"1")

    assert sftp(zone, "north", "ln /inbox/one.csv /inbox/two.csv").returncode != 0


@pytest.mark.parametrize("target", ["/etc/passwd", "../../south/inbox/secret.csv"])
def test_a_link_that_leads_outside_gives_nothing(
    north: paramiko.SFTPClient, files: Path, target: str
) -> None:
    (files / "south/inbox/secret.csv").write_text("secret")
    link = files / "north/inbox/planted"
    link.symlink_to(target)

    with pytest.raises(OSError):
        north.open("inbox/planted").read()

    time.sleep(2)  # The keeper has passed over it.
    assert stat.S_IMODE((files / "south/inbox/secret.csv").stat().st_mode) & 0o777 != 0o000
    link.unlink()


def test_the_keeper_changes_nothing_that_a_link_points_to(files: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("ours")
    outside.chmod(0o600)
    link = files / "north/inbox/planted"
    link.symlink_to(outside)

    time.sleep(2)

    assert stat.S_IMODE(outside.stat().st_mode) == 0o600
    link.unlink()


def test_there_is_no_shell(transport: paramiko.Transport) -> None:
    channel = transport.open_session()
    with pytest.raises(paramiko.SSHException):
        channel.get_pty()
        channel.invoke_shell()
    answered = _said(transport, lambda channel: channel.invoke_shell())

    assert b"uid=" not in answered


def test_no_command_is_run(transport: paramiko.Transport, files: Path) -> None:
    answered = _said(transport, lambda channel: channel.exec_command("id; touch /inbox/ran"))

    assert b"uid=" not in answered
    assert not (files / "north/inbox/ran").exists()


def _said(transport: paramiko.Transport, ask) -> bytes:
    """What comes of a request: internal-sftp speaks its own protocol, or nothing comes."""
    channel = transport.open_session()
    channel.settimeout(3)
    try:
        ask(channel)
        channel.sendall(b"id\nexit\n")
        return channel.recv(65_536)
    except (paramiko.SSHException, OSError):
        return b""


@pytest.mark.parametrize("port", [22, 5432, 8080])
def test_nothing_is_forwarded(transport: paramiko.Transport, port: int) -> None:
    with pytest.raises(paramiko.ChannelException) as refused:
        transport.open_channel("direct-tcpip", ("127.0.0.1", port), ("127.0.0.1", 4000))

    assert refused.value.code == ADMINISTRATIVELY_PROHIBITED


def test_nothing_is_forwarded_to_the_partner(transport: paramiko.Transport) -> None:
    with pytest.raises(paramiko.SSHException):
        transport.request_port_forward("127.0.0.1", 0)


def test_a_password_is_refused_before_it_is_asked_for(zone: Settings) -> None:
    with socket.create_connection((zone.drop_zone_host, zone.drop_zone_port)) as line:
        with paramiko.Transport(line) as transport:
            transport.start_client(timeout=10)
            with pytest.raises(paramiko.BadAuthenticationType) as refused:
                transport.auth_password("north", "north")

    assert refused.value.allowed_types == ["publickey"]


@pytest.mark.parametrize("user", ["root", "nobody", "south", "tembaga", "daemon", "nosuch"])
def test_a_partners_key_opens_no_other_account(zone: Settings, user: str) -> None:
    account = {"drop_zone_user": user, "drop_zone_key_file": zone.keys / "north"}

    with pytest.raises(DropZoneUnreachable, match="does not accept our key"):
        with open_address(zone.model_copy(update=account)):
            pass


def test_a_file_larger_than_agreed_cannot_be_written(
    north: paramiko.SFTPClient, files: Path
) -> None:
    with pytest.raises(OSError):
        with north.open("inbox/large.csv", "w") as file:
            file.write(b"x" * 700_000)

    assert (files / "north/inbox/large.csv").stat().st_size <= 600_000
    north.remove("inbox/large.csv")


def test_a_partner_over_its_quota_may_remove_and_not_write(
    zone: Settings, folder: Path, files: Path, tmp_path: Path
) -> None:
    (tmp_path / "big").write_bytes(b"x" * 500_000)
    assert sftp(zone, "south", *[f"put {tmp_path}/big /inbox/{n}.csv" for n in "123"])
    wait_for(folder, None, "south is over its quota of 1000000 bytes")

    refused = sftp(zone, "south", f"put {tmp_path}/big /inbox/4.csv")
    assert refused.returncode != 0
    assert (files / "south/inbox/4.csv").stat().st_size == 0
    assert sftp(zone, "south", *[f"rm /inbox/{n}.csv" for n in "1234"]).returncode == 0
    wait_for(folder, None, "south is within its quota again")
    assert sftp(zone, "south", f"put {tmp_path}/big /inbox/5.csv").returncode == 0
    assert sftp(zone, "south", "rm /inbox/5.csv").returncode == 0


def test_a_quota_holds_up_nobody_else(zone: Settings, folder: Path, tmp_path: Path) -> None:
    let_in(zone, "east", quota_bytes=1)
    wait_for(folder, None, "east is let in")
    (tmp_path / "a").write_bytes(b"x")
    assert sftp(zone, "east", f"put {tmp_path}/a /inbox/").returncode == 0
    wait_for(folder, None, "east is over its quota")

    assert sftp(zone, "north", f"put {tmp_path}/a /inbox/").returncode == 0


def test_a_partner_is_let_in_and_shut_out_while_the_server_runs(
    zone: Settings, folder: Path
) -> None:
    let_in(zone, "west")
    wait_for(folder, None, "west is let in with 1 keys")
    assert sftp(zone, "west", "ls /inbox").returncode == 0

    with open_address(as_partner(zone, "west")) as connected:
        assert accounts.remove("west", settings=zone)
        wait_for(folder, None, "west is shut out")

        with pytest.raises((OSError, EOFError, paramiko.SSHException)):
            until(lambda: connected.listdir("/") is None, "the session was not ended")
    assert sftp(zone, "west", "ls /inbox").returncode != 0


def test_the_demo_lets_all_its_partners_in(zone: Settings) -> None:
    let_partners_in(zone)

    assert sftp(zone, "banyumili", "ls /inbox").returncode == 0
    assert sftp(zone, "pulsagama", "ls /vouchers").returncode == 0
    assert sftp(zone, UNKNOWN_SENDER, "ls /inbox").returncode == 0


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("root", '{"keys": ["ssh-ed25519 AAAA"], "folders": ["inbox", "received"]}'),
        ("daemon", '{"keys": ["ssh-ed25519 AAAA"]}'),
        ("broken", "{"),
        ("forced", '{"keys": ["command=\\"id\\" ssh-ed25519 AAAA"], "folders": ["inbox"]}'),
    ],
)
def test_an_account_that_cannot_be_used_is_said_and_changes_nothing(
    zone: Settings, folder: Path, name: str, written: str
) -> None:
    assert zone.drop_zone_accounts is not None
    path = zone.drop_zone_accounts / f"{name}.json"
    path.write_text(written)

    wait_for(folder, None, f"the account {name}.json cannot be used")
    path.unlink()
    assert sftp(zone, "north", "ls /inbox").returncode == 0
    assert not (folder / "srv/drop_zone" / name).exists()


def test_a_new_container_finds_the_same_owners(
    settings: Settings, zone: Settings, tmp_path: Path
) -> None:
    settings = settings.model_copy(update={"drop_zone_accounts": tmp_path / "accounts"})
    let_in(settings, "south")
    with openssh_zone(settings, tmp_path) as reached:
        (tmp_path / "a").write_bytes(b"x")
        assert sftp(reached, "south", f"put {tmp_path}/a /inbox/").returncode == 0
    owner = (tmp_path / "srv/drop_zone/south/inbox/a").stat().st_uid

    let_in(settings, "north")  # Stands before south in every list.
    with openssh_zone(settings, tmp_path) as reached:
        assert sftp(reached, "south", "rm /inbox/a").returncode == 0
        assert sftp(reached, "north", f"put {tmp_path}/a /inbox/").returncode == 0

    assert (tmp_path / "srv/drop_zone/north/inbox/a").stat().st_uid not in (owner, 0)


@pytest.mark.parametrize("missing", ["DROP_ZONE_HOST_KEY", "DROP_ZONE_OWN_KEY_PUBLIC"])
def test_without_its_keys_the_server_says_so_and_does_not_start(
    settings: Settings, zone: Settings, tmp_path: Path, missing: str
) -> None:
    settings = settings.model_copy(update={"drop_zone_accounts": tmp_path / "accounts"})

    with pytest.raises(AssertionError):
        with openssh_zone(settings, tmp_path, **{missing: "nothing!"}):
            pass

    said = (tmp_path / "log").read_text()
    assert said.startswith(f"keeper: {missing} is not")
    assert said.count("\n") == 1
