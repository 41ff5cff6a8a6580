"""A setting that is wrong is a sentence before anything starts, and no secret is shown."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tembaga.embedded.airflow_environment import environment, keep_secrets
from tembaga.issue import voucher_key
from tembaga.settings import (
    PROJECT,
    Settings,
    SettingsError,
    load_settings,
    settings_table,
)

PAGE = PROJECT / "docs" / "settings.md"
SECRET = "k0per-tembaga"

WRONG = [
    ("DROP_ZONE_PORT", "abc", "is 'abc'; it is the port of the drop zone, and may be a whole num"),
    ("DROP_ZONE_PORT", "65536", "from 0 to 65535"),
    ("WAREHOUSE", "mysql", "is 'mysql'; it is the engine of the warehouse, and may be duckdb or"),
    ("WAREHOUSE_MEMORY", "lots", "a number with its unit, as 1500MB or 2GiB"),
    ("REGISTER_URL", "sqlite:///x.db", "it is the register's database, and may be postgresql://"),
    ("REGISTER_URL", f"postgresql://u:{SECRET}@host:many/db", "register's database"),
    ("REGISTER_URL", f"postgresql://u:{SECRET}@host", "register's database"),
    ("WAREHOUSE_URL", f"mysql://u:{SECRET}@host/db", "the warehouse's database on PostgreSQL"),
    ("SMTP_SECURITY", "ssl", "may be none or starttls or tls"),
    ("SMTP_HOST", "", "it is the mail server"),
    ("MAIL_FROM", "Tembaga", "Name <address@example.org>"),
    ("SETTLE_SECONDS", "-1", "a number of seconds, 0 or more"),
    ("SETTLE_SECONDS", "nan", "a number of seconds"),
    ("MAX_FILE_BYTES", "0", "a whole number of bytes, 1 or more"),
    ("RECEIVERS", "0", "a whole number, 1 or more"),
    ("RECEIVE_SCHEDULE", "now and then", "five fields of cron"),
    ("PROGRAMME", "../etc", "it is the folder under `campaigns/` that is run"),
    ("DROP_ZONE_HOST_KEY", "-----BEGIN", "a public key, as ssh-ed25519"),
    ("DROP_ZONE_KEY_FILE", "/nowhere/key", "is /nowhere/key, and there is no file"),
    ("SMTP_USER", "tembaga", "TEMBAGA_SMTP_USER is set without TEMBAGA_SMTP_PASSWORD"),
    ("HOME", __file__, "which is a file and not a folder"),
]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TEMBAGA_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.mark.parametrize(("name", "value", "sentence"), WRONG)
def test_a_wrong_setting_is_one_sentence_that_names_it(
    name: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(f"TEMBAGA_{name}", value)

    with pytest.raises(SettingsError) as raised:
        load_settings()

    [said] = str(raised.value).splitlines()
    assert said.startswith(f"TEMBAGA_{name} ")
    assert sentence in said
    assert SECRET not in said
    assert raised.value.__cause__ is None


def test_every_wrong_setting_has_its_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TEMBAGA_SMTP_PORT", "x")
    monkeypatch.setenv("TEMBAGA_WAREHOUSE", "x")

    with pytest.raises(SettingsError) as raised:
        load_settings()

    assert len(str(raised.value).splitlines()) == 2


def test_a_warehouse_that_has_an_address_and_is_not_used_is_refused(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("TEMBAGA_WAREHOUSE_URL", f"postgresql://u:{SECRET}@host/db")

    with pytest.raises(SettingsError, match="while TEMBAGA_WAREHOUSE is duckdb"):
        load_settings()


def test_a_slip_in_a_name_is_refused_and_a_name_of_others_is_not(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TEMBAGA_DBT_ENGINE", "duckdb")
    monkeypatch.setenv("TEMBAGA_REGISTER_USER", "of the one who writes the address")
    load_settings()
    monkeypatch.setenv("TEMBAGA_WAREHOSE", "postgres")

    with pytest.raises(SettingsError, match="TEMBAGA_WAREHOSE is no setting; if TEMBAGA_WAREHOUSE"):
        load_settings()


@pytest.mark.parametrize(
    "garbage", [b"\xff\xfe\x00", b"TEMBAGA_SMTP_PORT='25\n", b"= what\n", b"TEMBAGA_HOME='\\'\n"]
)
def test_a_services_file_that_holds_garbage_is_told_of(home: Path, garbage: bytes):
    home.mkdir()
    (home / "services.env").write_bytes(garbage)

    with pytest.raises(SettingsError, match=r"services\.env is not as the embedded services write"):
        load_settings()


def test_a_wrong_setting_in_the_services_file_is_told_of(home: Path):
    home.mkdir()
    (home / "services.env").write_text("TEMBAGA_SMTP_PORT='mail'\n")

    with pytest.raises(SettingsError, match="TEMBAGA_SMTP_PORT is 'mail'"):
        load_settings()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_refused(
    mode: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    key = tmp_path / "key"
    key.write_text(SECRET)
    key.chmod(mode)
    monkeypatch.setenv("TEMBAGA_DROP_ZONE_KEY_FILE", str(key))

    with pytest.raises(SettingsError, match="may be read by others than its owner: run `chmod 600"):
        load_settings()
    key.chmod(0o600)
    assert load_settings().drop_zone_key_file == key


def test_the_key_of_the_vouchers_is_kept_from_others_too():
    settings = load_settings()
    voucher_key(settings)
    (settings.keys / "vouchers").chmod(0o644)

    with pytest.raises(SettingsError, match="may be read by others"):
        voucher_key(settings)


@pytest.fixture
def secretive(monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("TEMBAGA_REGISTER_URL", f"postgresql://u:{SECRET}@host/db")
    monkeypatch.setenv("TEMBAGA_WAREHOUSE", "postgres")
    monkeypatch.setenv("TEMBAGA_WAREHOUSE_URL", f"postgresql://u:{SECRET}@host/other")
    monkeypatch.setenv("TEMBAGA_SMTP_USER", "tembaga")
    monkeypatch.setenv("TEMBAGA_SMTP_PASSWORD", SECRET)
    return load_settings()


def test_no_secret_is_shown(secretive: Settings):
    assert SECRET not in f"{secretive} {secretive!r} {secretive.smtp_password}"


def test_airflows_children_get_the_settings_as_they_are(
    secretive: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    secrets = keep_secrets(secretive.keys)
    given = environment(
        secretive, secrets=secrets, database_url="", dags=PROJECT / "dags", port=8080
    )
    for name in [name for name in given if name.startswith("TEMBAGA_")]:
        monkeypatch.setenv(name, given[name])

    again = load_settings()

    assert given["TEMBAGA_SMTP_PASSWORD"] == SECRET
    assert again.register_url == secretive.register_url
    assert (again.landing, again.keys) == (secretive.landing, secretive.keys)
    assert again.drop_zone_key_file is None


def test_landing_and_keys_may_lie_on_volumes_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TEMBAGA_LANDING_FOLDER", str(tmp_path / "shared"))
    monkeypatch.setenv("TEMBAGA_KEYS_FOLDER", "~/keys")

    settings = load_settings()

    assert settings.landing == tmp_path / "shared"
    assert settings.keys == Path.home() / "keys"


def test_a_command_with_a_wrong_setting_says_so_and_does_nothing(home: Path):
    ended = subprocess.run(
        [sys.executable, "-c", "from tembaga.cli import app; app()", "status"],
        env={"TEMBAGA_HOME": str(home), "TEMBAGA_SMTP_PORT": "mail", "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert ended.stdout == ""
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stderr.startswith("TEMBAGA_SMTP_PORT is 'mail'")
    assert not home.exists()


def test_the_page_lists_every_setting(accept: bool):
    written = PAGE.read_text(encoding="utf-8")
    mark = re.compile("(<!-- settings -->\n).*?(<!-- /settings -->)", re.DOTALL)
    listed = mark.sub(lambda found: f"{found[1]}\n{settings_table()}\n\n{found[2]}", written)
    if accept:
        PAGE.write_text(listed, encoding="utf-8")

    assert listed == written or accept, "Run this test with --accept."
