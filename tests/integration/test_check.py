"""What is not there, or not of this version, is a sentence before anything starts."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from servers import free_port
from sqlalchemy import Engine, make_url, text

from tembaga.connections import with_connections
from tembaga.drop_zone import open_connection
from tembaga.embedded.postgres import Postgres
from tembaga.embedded.services import running
from tembaga.register import RegisterUnreachableError
from tembaga.settings import PROJECT, Settings, SettingsError, load_settings
from tembaga.tasks import label
from tembaga.warehouse import WarehouseUnreachableError, open_warehouse


def address(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def ends(command: str, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command of ours as an operator does."""
    return subprocess.run(
        [sys.executable, "-c", "from tembaga.cli import app; app()", command],
        env={"TEMBAGA_HOME": str(home), "PYTHONPATH": str(PROJECT)}
        | {f"TEMBAGA_{name.upper()}": value for name, value in variables.items()},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://tembaga:geheim@127.0.0.1:{nobody}/register", "Connection refused"),
        ("{server}/nothing", 'database "nothing" does not exist'),
        ("{server}/postgres?user=stranger", 'role "stranger" does not exist'),
    ],
)
def test_a_database_that_is_not_there_is_told_of_before_anything_starts(
    url: str, reason: str, server: Postgres, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    folder = server.socket_folder
    found = url.format(nobody=free_port(), server="postgresql://")
    if "127.0.0.1" not in found:
        path, _, query = found.removeprefix("postgresql:///").partition("?")
        user = query or "user=postgres"
        found = f"postgresql:///{path.lstrip('/')}?host={folder}&port=5432&{user}"

    monkeypatch.setenv("TEMBAGA_REGISTER_URL", found)
    with pytest.raises(RegisterUnreachableError, match=f"does not answer .*{reason}") as raised:
        with running(load_settings(home=settings.home)):
            pytest.fail("started")
    monkeypatch.delenv("TEMBAGA_REGISTER_URL")
    monkeypatch.setenv("TEMBAGA_WAREHOUSE", "postgres")
    monkeypatch.setenv("TEMBAGA_WAREHOUSE_URL", found)
    with pytest.raises(WarehouseUnreachableError, match=f"does not answer .*{reason}"):
        with running(load_settings(home=settings.home)):
            pytest.fail("started")

    assert len(str(raised.value).splitlines()) == 1
    assert "geheim" not in str(raised.value)
    assert sorted(path.name for path in settings.root.iterdir()) == ["services.lock"]


def test_a_service_may_start_where_all_is_as_it_needs(
    register: Engine, settings: Settings, warehouse: dict[str, str]
):
    here = load_settings(home=settings.home, register_url=address(register), **warehouse)
    with open_warehouse(here):
        pass

    ended = ends("check", settings.root, register_url=address(register), **warehouse)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "are as this version needs them" in ended.stdout


def test_a_service_does_not_start_on_another_version(register: Engine, settings: Settings):
    with register.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '0001'"))

    behind = ends("check", settings.root, register_url=address(register))
    with register.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    ahead = ends("check", settings.root, register_url=address(register))
    migrated = ends("migrate", settings.root, register_url=address(register))

    assert [ended.returncode for ended in (behind, ahead, migrated)] == [1, 1, 1]
    assert "run `tembaga migrate` first" in behind.stderr
    assert "a newer version has migrated it" in ahead.stderr
    assert "a newer version has migrated it" in migrated.stdout
    assert [len(ended.stderr.splitlines()) for ended in (behind, ahead)] == [1, 1]


def starts(home: Path, **connections: object) -> subprocess.CompletedProcess[str]:
    """Begin a service as its container does, with what Airflow is told of its connections."""
    of_the_image = PROJECT / "tembaga/embedded/airflow_config"
    return subprocess.run(
        [str(PROJECT / "containers" / "service.sh"), "echo", "started"],
        env={
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "PYTHONPATH": f"{PROJECT}:{of_the_image}",
            "TEMBAGA_HOME": str(home),
            "AIRFLOW_HOME": str(home / "airflow"),
        }
        | {f"AIRFLOW_CONN_{name.upper()}": json.dumps(of) for name, of in connections.items()},
        capture_output=True,
        text=True,
        check=False,
    )


def connection_to(engine: Engine) -> dict[str, object]:
    """What Airflow is told of a database of the tests' server."""
    url = engine.url
    address = {"host": str(url.query["host"]), "port": 5432, "schema": url.database}
    return {"conn_type": "postgres", "login": "postgres"} | address


def test_a_service_of_airflow_starts_where_all_is_as_it_needs(register: Engine, settings: Settings):
    started = starts(settings.root, register=connection_to(register))

    assert started.returncode == 0, started.stderr
    assert started.stdout.splitlines()[-1] == "started"


@pytest.mark.parametrize("fault", ["no address", "nobody there", "newer", "key open to others"])
def test_a_service_of_airflow_that_may_not_start_says_so_in_one_line(
    fault: str, register: Engine, settings: Settings, tmp_path: Path
):
    connections: dict[str, object] = {"register": connection_to(register)}
    says = ""
    if fault == "no address":
        connections, says = {}, "The register has no address"
    if fault == "nobody there":
        nobody = {"host": "127.0.0.1", "port": free_port(), "password": "geheim"}
        connections, says = {"register": connection_to(register) | nobody}, "does not answer"
    if fault == "newer":
        with register.begin() as connection:
            connection.execute(text("update alembic_version set version_num = '9999'"))
        says = "a newer version has migrated it"
    if fault == "key open to others":
        key = tmp_path / "key"
        key.touch(mode=0o644)
        connections["drop_zone"] = {"conn_type": "sftp", "extra": {"key_file": str(key)}}
        says = "may be read by others than its owner"

    ended = starts(settings.root, **connections)

    assert ended.returncode == 1
    assert "started" not in ended.stdout
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    assert says in ended.stderr
    assert "geheim" not in ended.stderr + ended.stdout


def test_a_service_without_a_register_does_not_start(settings: Settings):
    ended = ends("check", settings.root)

    assert ended.returncode == 1
    assert ended.stderr.startswith("The register has no address. Set TEMBAGA_REGISTER_URL")


@pytest.fixture
def airflow(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A task of Airflow's, whose connections stand in the environment."""
    monkeypatch.setenv("TEMBAGA_HOME", str(settings.root))
    return monkeypatch


@pytest.mark.parametrize(
    ("connection", "port", "security"),
    [
        ({}, 25, "none"),
        ({"login": "us", "password": "geheim"}, 465, "tls"),
        ({"extra": {"disable_ssl": False}}, 465, "tls"),
        ({"extra": {"disable_ssl": True}}, 587, "starttls"),
        ({"extra": {"disable_ssl": True, "disable_tls": True}}, 25, "none"),
    ],
)
def test_mail_is_secured_as_its_connection_says(
    airflow: pytest.MonkeyPatch, connection: dict[str, object], port: int, security: str
):
    mail = {"conn_type": "smtp", "host": "mail"} | connection
    airflow.setenv("AIRFLOW_CONN_SMTP", json.dumps(mail))
    airflow.setenv("TEMBAGA_REGISTER_URL", "postgresql://settings/register")

    found = with_connections(load_settings())

    assert (found.smtp_host, found.smtp_port, found.smtp_security) == ("mail", port, security)
    assert "geheim" not in repr(found)


def test_a_connection_to_a_database_keeps_how_it_is_secured(airflow: pytest.MonkeyPatch):
    airflow.setenv("AIRFLOW_CONN_REGISTER", "postgres://us:p%40ss@db:5433/reg?sslmode=require")

    found = make_url(with_connections(load_settings()).register_url or "")

    assert (found.username, found.password, found.host, found.port) == ("us", "p@ss", "db", 5433)
    assert found.query == {"sslmode": "require"}


def test_a_task_works_on_the_register_of_the_connection(
    airflow: pytest.MonkeyPatch, register: Engine
):
    with register.begin() as connection:
        connection.execute(
            text(
                "insert into files (file_no, partner, name, size_bytes, modified_at, seen_at, "
                "state) values (1, 'north', 'a.csv', 1, now(), now(), 'loaded')"
            )
        )
    airflow.setenv("AIRFLOW_CONN_REGISTER", json.dumps(connection_to(register)))

    assert label(1) == "north/a.csv"


def test_the_key_of_a_connection_is_kept_from_others_too(
    airflow: pytest.MonkeyPatch, tmp_path: Path
):
    key = tmp_path / "key"
    key.touch(mode=0o644)
    connection = {
        "conn_type": "sftp",
        "host": "127.0.0.1",
        "login": "tembaga",
        "extra": {
            "key_file": str(key),
            "host_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHvXPbiC",
            "look_for_keys": False,
        },
    }
    airflow.setenv("AIRFLOW_CONN_DROP_ZONE", json.dumps(connection))

    with pytest.raises(SettingsError, match="may be read by others"), open_connection():
        pytest.fail("was opened")
