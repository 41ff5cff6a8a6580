"""The demo drops its files as partners do: each with its own account, over real SFTP."""

import shutil

import pytest

from tembaga.demo import delivery
from tembaga.demo.delivery import DropFailedError, drop

NAMES = ["SALES_2026-01-07.csv", "Laporan Penjualan 2026-01-07 (rusak).xlsx", 'a"b[1].csv']


@pytest.fixture(params=["sftp", "paramiko"])
def client(request, monkeypatch, openssh):
    """The client by which files are dropped."""
    found = openssh["sftp"] if request.param == "sftp" else None
    monkeypatch.setattr(delivery.shutil, "which", lambda name: found)
    return request.param


def test_files_arrive_in_the_inbox_as_they_are(client, services, tmp_path):
    paths = [tmp_path / name for name in NAMES]
    for path in paths:
        path.write_bytes(path.name.encode())

    drop(paths, partner="sagarabumi", settings=services)

    inbox = services.root / "drop_zone" / "sagarabumi" / "inbox"
    assert sorted(path.name for path in inbox.iterdir()) == sorted(NAMES)
    assert all((inbox / path.name).read_bytes() == path.read_bytes() for path in paths)


def test_a_partner_whose_key_is_not_accepted_is_named(client, services, tmp_path):
    path = tmp_path / NAMES[0]
    path.touch()
    shutil.copy(services.keys / "banyumili", services.keys / "nobody")

    with pytest.raises(DropFailedError, match="as nobody"):
        drop([path], partner="nobody", settings=services)


def test_a_server_with_another_host_key_gets_nothing(client, services, tmp_path):
    path = tmp_path / NAMES[0]
    path.touch()
    other = (services.keys / "banyumili.pub").read_text().rsplit(" ", 1)[0]

    with pytest.raises(DropFailedError):
        drop(
            [path],
            partner="banyumili",
            settings=services.model_copy(update={"drop_zone_host_key": other}),
        )

    assert not any((services.root / "drop_zone" / "banyumili" / "inbox").iterdir())
