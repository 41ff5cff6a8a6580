"""The drop zone is reached safely, says plainly why not, and gives and takes files whole."""

import json
import os
import socket
from pathlib import Path

import pytest
from paramiko import SFTPClient
from servers import free_port, line_to

from tembaga.drop_zone import (
    DropZoneNotTrusted,
    DropZoneUnreachable,
    at,
    deliver,
    entries,
    entry,
    open_address,
    open_connection,
)
from tembaga.embedded.sftp_server import ensure_key, public_key
from tembaga.settings import Settings


def connection_json(settings: Settings, **extra: object) -> str:
    """An Airflow connection to the same drop zone."""
    return json.dumps(
        {
            "conn_type": "sftp",
            "host": settings.drop_zone_host,
            "port": settings.drop_zone_port,
            "login": settings.drop_zone_user,
            "extra": {
                "key_file": str(settings.drop_zone_key_file),
                "host_key": settings.drop_zone_host_key,
                "look_for_keys": False,
                "compress": False,
            }
            | extra,
        }
    )


def test_a_file_is_delivered_whole_and_nothing_else_is_seen(
    drop_zone: Settings, sftp: SFTPClient
) -> None:
    deliver(sftp, "/north/ack", "a.csv", b"accepted\r\n")

    assert (drop_zone.root / "drop_zone/north/ack/a.csv").read_bytes() == b"accepted\r\n"
    assert [found.name for found in entries(sftp, "/north/ack")] == [b"a.csv"]


def test_delivering_the_same_again_changes_nothing(drop_zone: Settings, sftp: SFTPClient) -> None:
    path = drop_zone.root / "drop_zone/north/ack/a.csv"
    deliver(sftp, "/north/ack", "a.csv", b"accepted\r\n")
    before = path.stat()

    deliver(sftp, "/north/ack", "a.csv", b"accepted\r\n")

    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("second", [b"", b"other same", b"longer than the first"])
def test_other_bytes_take_the_place_of_the_first(sftp: SFTPClient, second: bytes) -> None:
    deliver(sftp, "/north/ack", "a.csv", b"first same")

    deliver(sftp, "/north/ack", "a.csv", second)

    assert sftp.open("north/ack/a.csv").read() == second


def test_a_delivery_that_was_broken_off_is_done_again(
    drop_zone: Settings, sftp: SFTPClient
) -> None:
    (drop_zone.root / "drop_zone/north/ack/.a.csv.part").write_bytes(b"half of an ans")

    deliver(sftp, "/north/ack", "a.csv", b"answer")

    assert [found.name for found in entries(sftp, "/north/ack")] == [b"a.csv"]
    assert sftp.open("north/ack/a.csv").read() == b"answer"


def test_a_folder_that_is_missing_is_made(sftp: SFTPClient) -> None:
    deliver(sftp, "/north/vouchers", "v.csv", b"1")

    assert sftp.open("north/vouchers/v.csv").read() == b"1"


def test_a_folder_is_listed_by_name_whatever_the_names_are(
    drop_zone: Settings, sftp: SFTPClient
) -> None:
    inbox = os.fsencode(drop_zone.root / "drop_zone/north/inbox")
    names = [b"\xff\xfe.csv", b"a\nb.csv", b"x" * 255, "é.csv".encode()]
    for name in names:
        Path(os.fsdecode(inbox + b"/" + name)).write_bytes(b"12")
    os.mkdir(inbox + b"/folder")
    os.symlink("/etc/passwd", inbox + b"/link")

    found = entries(sftp, "/north/inbox")

    assert [one.name for one in found] == sorted([*names, b"folder", b"link"])
    assert {one.name for one in found if one.is_file} == set(names)
    assert {one.size_bytes for one in found if one.is_file} == {2}
    assert [one.name for one in found if one.is_folder] == [b"folder"]


def test_a_folder_of_many_files_is_listed_whole(drop_zone: Settings, sftp: SFTPClient) -> None:
    for number in range(500):
        (drop_zone.root / f"drop_zone/north/inbox/{number:03d}").touch()

    assert [one.name for one in entries(sftp, "/north/inbox")] == [b"%03d" % n for n in range(500)]


def test_what_is_not_there_is_none(sftp: SFTPClient) -> None:
    assert entry(sftp, at("north/inbox", "nothing.csv")) is None


def test_errors_of_files_pass_as_they_are(drop_zone: Settings) -> None:
    with pytest.raises(FileNotFoundError), open_address(drop_zone) as sftp:
        sftp.open("north/inbox/nothing.csv")
    with pytest.raises(BrokenPipeError), open_address(drop_zone):
        raise BrokenPipeError("of something else")


def test_nobody_there_is_said_with_host_and_port(settings: Settings) -> None:
    key = ensure_key(settings.keys, "tembaga")
    nobody = settings.model_copy(
        update={
            "drop_zone_port": free_port(),
            "drop_zone_key_file": key,
            "drop_zone_host_key": public_key(settings.keys, "tembaga"),
        }
    )

    with pytest.raises(DropZoneUnreachable, match=f"127.0.0.1:{nobody.drop_zone_port} cannot"):
        with open_address(nobody):
            pytest.fail("connected to nobody")


def test_a_host_without_an_address_is_said(settings: Settings) -> None:
    nowhere = settings.model_copy(
        update={
            "drop_zone_host": "no-such-host.invalid",
            "drop_zone_port": 22,
            "drop_zone_key_file": ensure_key(settings.keys, "tembaga"),
            "drop_zone_host_key": public_key(settings.keys, "tembaga"),
        }
    )

    with pytest.raises(DropZoneUnreachable, match=r"no-such-host\.invalid:22 cannot"):
        with open_address(nowhere):
            pytest.fail("connected to nowhere")


def test_a_server_that_speaks_another_language_is_said(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        other = settings.model_copy(
            update={
                "drop_zone_port": silent.getsockname()[1],
                "drop_zone_key_file": ensure_key(settings.keys, "tembaga"),
                "drop_zone_host_key": public_key(settings.keys, "tembaga"),
            }
        )
        silent.listen()

        with pytest.MonkeyPatch.context() as patch, pytest.raises(DropZoneUnreachable):
            patch.setattr("tembaga.drop_zone.CONNECT_SECONDS", 0.5)
            with open_address(other):
                pytest.fail("connected to a server that says nothing")


def test_another_host_key_is_not_trusted(drop_zone: Settings) -> None:
    ensure_key(drop_zone.keys, "stranger")
    strange = drop_zone.model_copy(
        update={"drop_zone_host_key": public_key(drop_zone.keys, "stranger")}
    )

    with pytest.raises(DropZoneNotTrusted, match="another host key"), open_address(strange):
        pytest.fail("trusted a stranger")


@pytest.mark.parametrize("host_key", [None, "", "ssh-ed25519", "nonsense AAAA"])
def test_no_host_key_is_not_trusted(drop_zone: Settings, host_key: str | None) -> None:
    careless = drop_zone.model_copy(update={"drop_zone_host_key": host_key})

    with pytest.raises(DropZoneNotTrusted, match="No host key"), open_address(careless):
        pytest.fail("trusted anyone")


def test_a_key_that_the_server_does_not_know_is_said(drop_zone: Settings) -> None:
    unknown = drop_zone.model_copy(
        update={"drop_zone_key_file": ensure_key(drop_zone.keys, "unknown")}
    )

    with pytest.raises(DropZoneUnreachable, match="does not accept our key"):
        with open_address(unknown):
            pytest.fail("let in without a key")


@pytest.mark.parametrize("key_file", [None, "missing"])
def test_a_key_file_that_is_not_there_is_said(drop_zone: Settings, key_file: str | None) -> None:
    path = key_file and drop_zone.keys / key_file
    keyless = drop_zone.model_copy(update={"drop_zone_key_file": path})

    with pytest.raises(DropZoneUnreachable, match="no private key for the drop zone"):
        with open_address(keyless):
            pytest.fail("let in without a key")


def test_a_connection_that_breaks_is_said(drop_zone: Settings) -> None:
    (drop_zone.root / "drop_zone/north/inbox/large.csv").write_bytes(os.urandom(3_000_000))
    with line_to(drop_zone.drop_zone_port, breaks_after_bytes=500_000) as port:
        weak = drop_zone.model_copy(update={"drop_zone_port": port})

        with pytest.raises(DropZoneUnreachable, match=f":{port} was lost"):
            with open_address(weak) as sftp:
                sftp.open("north/inbox/large.csv").read()


def test_an_airflow_connection_reaches_it_too(
    drop_zone: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DROP_ZONE", connection_json(drop_zone))

    with open_connection() as sftp:
        deliver(sftp, "/north/ack", "a.csv", b"1")

    assert (drop_zone.root / "drop_zone/north/ack/a.csv").read_bytes() == b"1"


def test_an_airflow_connection_trusts_no_other_host_key(
    drop_zone: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_key(drop_zone.keys, "stranger")
    strange = connection_json(drop_zone, host_key=public_key(drop_zone.keys, "stranger"))
    monkeypatch.setenv("AIRFLOW_CONN_DROP_ZONE", strange)

    with pytest.raises(DropZoneNotTrusted, match="another host key"), open_connection():
        pytest.fail("trusted a stranger")


def test_an_airflow_connection_without_a_host_key_is_not_trusted(
    drop_zone: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    careless = connection_json(drop_zone, host_key=None)
    monkeypatch.setenv("AIRFLOW_CONN_DROP_ZONE", careless)

    with pytest.raises(DropZoneNotTrusted, match="No host key"), open_connection():
        pytest.fail("trusted anyone")


def test_an_airflow_connection_to_nobody_is_said_with_host_and_port(
    drop_zone: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = drop_zone.model_copy(update={"drop_zone_port": free_port()})
    monkeypatch.setenv("AIRFLOW_CONN_DROP_ZONE", connection_json(nobody))

    with pytest.raises(DropZoneUnreachable, match=f"127.0.0.1:{nobody.drop_zone_port} cannot"):
        with open_connection():
            pytest.fail("connected to nobody")
