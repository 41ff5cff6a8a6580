"""A partner is let in with public keys, and with nothing else that looks like one."""

import json
import stat
from pathlib import Path

import asyncssh
import pytest
from typer.testing import CliRunner

from tembaga import accounts
from tembaga.accounts import AccountError
from tembaga.cli import app
from tembaga.settings import Settings, load_settings

PARTNER = "banyumili"


def public(kind: str = "ssh-ed25519", **options: int) -> str:
    """A new public key, as its owner would send it."""
    key = asyncssh.generate_private_key(kind, comment="somebody@somewhere", **options)
    return key.export_public_key().decode().strip()


@pytest.fixture
def openssh(settings: Settings, tmp_path: Path) -> Settings:
    """Settings of an installation whose drop zone is OpenSSH."""
    return settings.model_copy(update={"drop_zone_accounts": tmp_path / "accounts"})


def add(settings: Settings, *lines: str, partner: str = PARTNER, **options: int) -> int:
    path = settings.root.parent / "brought.pub"
    path.write_text("\n".join(lines), encoding="utf-8")
    agreement = accounts.agreement_with(partner, settings=settings)
    return accounts.add(agreement, [path], settings=settings, **options)


def account(settings: Settings, partner: str = PARTNER) -> dict[str, object]:
    assert settings.drop_zone_accounts is not None
    return json.loads((settings.drop_zone_accounts / f"{partner}.json").read_bytes())


@pytest.mark.parametrize(
    "key", [public(), public("ecdsa-sha2-nistp256"), public("ssh-rsa", key_size=2048)]
)
def test_an_account_has_the_key_without_remark(openssh: Settings, key: str) -> None:
    add(openssh, key)

    assert account(openssh)["keys"] == [" ".join(key.split()[:2])]


def test_every_key_of_a_file_is_let_in_once(openssh: Settings) -> None:
    first, second = public(), public()

    assert add(openssh, "# two of us", first, "", second, first) == 2


def test_a_second_call_puts_other_keys_in_the_place_of_the_first(openssh: Settings) -> None:
    add(openssh, public())
    key = public()
    add(openssh, key)

    assert account(openssh)["keys"] == [" ".join(key.split()[:2])]


@pytest.mark.parametrize(
    ("partner", "folders"),
    [
        (PARTNER, ["inbox", "received", "ack"]),
        ("pulsagama", ["inbox", "received", "ack", "vouchers"]),
    ],
)
def test_a_merchant_has_a_folder_more(openssh: Settings, partner: str, folders: list[str]) -> None:
    add(openssh, public(), partner=partner)

    assert account(openssh, partner)["folders"] == folders


def test_the_server_may_read_the_account(openssh: Settings) -> None:
    add(openssh, public(), quota_bytes=5)

    assert account(openssh)["quota_bytes"] == 5
    assert openssh.drop_zone_accounts is not None
    path = openssh.drop_zone_accounts / f"{PARTNER}.json"
    assert stat.S_IMODE(path.stat().st_mode) & 0o044 == 0o044


PRIVATE = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (PRIVATE, "private key"),
        (f'command="id" {public()}', "no public key"),
        (f"restrict,port-forwarding {public()}", "no public key"),
        ("ssh-ed25519 AAAA", "damaged"),
        ("ssh-ed25519", "damaged"),
        (public("ssh-rsa", key_size=1024), "1024 bits is too weak"),
        ("password", "no public key"),
        ("", "There is no key for banyumili"),
    ],
)
def test_what_is_no_key_lets_nobody_in(openssh: Settings, line: str, says: str) -> None:
    with pytest.raises(AccountError, match=says):
        add(openssh, line)

    assert openssh.drop_zone_accounts is not None
    assert not openssh.drop_zone_accounts.exists()


def test_a_key_file_that_is_not_there_is_said(openssh: Settings, tmp_path: Path) -> None:
    agreement = accounts.agreement_with(PARTNER, settings=openssh)

    with pytest.raises(AccountError, match=r"nothing\.pub cannot be read"):
        accounts.add(agreement, [tmp_path / "nothing.pub"], settings=openssh)


def test_without_an_agreement_nobody_is_let_in(openssh: Settings) -> None:
    with pytest.raises(AccountError, match=r"sftp_inbound/stranger/agreement\.yml first"):
        accounts.agreement_with("stranger", settings=openssh)


def test_the_embedded_drop_zone_keeps_the_key_that_was_brought(settings: Settings) -> None:
    from tembaga.embedded.sftp_server import add_partner

    keys = [public(), public()]
    add(settings, *keys)

    add_partner(settings, PARTNER)  # As at each start.

    assert not (settings.keys / PARTNER).exists()
    let_in = asyncssh.read_public_key_list(settings.keys / f"{PARTNER}.pub")
    assert {key.get_fingerprint() for key in let_in} == {
        asyncssh.import_public_key(key).get_fingerprint() for key in keys
    }


def test_the_command_line_adds_and_removes(
    openssh: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMBAGA_DROP_ZONE_ACCOUNTS", str(openssh.drop_zone_accounts))
    (tmp_path / "key.pub").write_text(public())
    home = ["--home", str(load_settings(home=tmp_path).root)]

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, [*home, "partner", *arguments])
        return done.exit_code, done.output

    key = str(tmp_path / "key.pub")
    assert run("add", PARTNER, "--key", key, "--quota", "0.5") == (
        0,
        "banyumili may log in with 1 key.\n",
    )
    assert account(openssh)["quota_bytes"] == 2**29
    assert run("remove", PARTNER) == (0, "banyumili may not log in any more.\n")
    assert run("remove", PARTNER) == (0, "banyumili had not been let in.\n")
    code, said = run("add", PARTNER)
    assert code == 1
    assert said.startswith("There is no key for banyumili.")
