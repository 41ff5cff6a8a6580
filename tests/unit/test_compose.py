"""docker-compose.yml is of one piece: what it names is there, and it gives nothing away.

No engine is needed: the file is read, and held against the settings and scripts that it names.
"""

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tembaga.embedded import mail_page
from tembaga.settings import PROJECT, Settings

COMPOSE = PROJECT / "docker-compose.yml"
TEXT = COMPOSE.read_text(encoding="utf-8")
SERVICES = yaml.safe_load(TEXT)["services"]
VOLUMES = yaml.safe_load(TEXT)["volumes"]
STAY = sorted(
    name
    for name, service in SERVICES.items()
    if name != "prepare" and "commands" not in service.get("profiles", [])
)
OURS = sorted(name for name, service in SERVICES.items() if service["image"] == "tembaga")
SECRET = re.compile(
    r"PASSWORD|SECRET|FERNET|BROKER|RESULT_BACKEND|SQL_ALCHEMY|(REGISTER|WAREHOUSE)(_URL)?$"
)

each_service = pytest.mark.parametrize("name", sorted(SERVICES))
each_that_stays = pytest.mark.parametrize("name", STAY)


def environment(name: str) -> dict[str, str]:
    return SERVICES[name].get("environment", {})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `make env` was run."""
    folder = tmp_path_factory.mktemp("env")
    script = PROJECT / "containers" / "env.py"
    subprocess.run([sys.executable, str(script)], check=True, cwd=folder, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def variables(made: Path) -> dict[str, str]:
    lines = (made / ".env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_services_are_those_that_the_runbook_tells_of():
    runbook = (PROJECT / "docs/runbooks/services.md").read_text(encoding="utf-8")

    assert [name for name in SERVICES if f"`{name}`" not in runbook] == []


@each_service
def test_every_setting_of_ours_exists(name):
    known = {f"TEMBAGA_{field}".upper() for field in Settings.model_fields}

    assert {v for v in environment(name) if v.startswith("TEMBAGA_")} <= known


def test_every_setting_of_airflow_exists():
    from airflow.configuration import conf

    known = {
        f"AIRFLOW__{section}__{option}".upper()
        for section, described in conf.configuration_description.items()
        for option in described["options"]
    }
    known |= {"AIRFLOW__CELERY__RESULT_BACKEND"}  # Celery's own, so that Airflow lists it not.
    named = {v for name in OURS for v in environment(name) if v.startswith("AIRFLOW__")}

    assert named <= known


def test_every_variable_has_a_default_or_is_made_by_make_env(variables):
    named = set(re.findall(r"\$\{(\w+)(?!\w|:-)", TEXT))

    assert named <= variables.keys()


def test_every_choice_that_make_env_offers_is_used(variables):
    used = set(re.findall(r"\$\{(\w+)", TEXT)) | {"COMPOSE_PROFILES"}

    assert variables.keys() <= used


@each_service
def test_no_secret_stands_in_the_file(name):
    literal = {
        variable: value
        for variable, value in environment(name).items()
        if SECRET.search(variable) and "${" not in str(value)
    }
    literal.pop("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE", None)
    literal.pop("TEMBAGA_WAREHOUSE", None)  # The engine.

    assert literal == {}


def test_the_secrets_are_random_long_and_readable_by_their_owner_only(made, variables, tmp_path):
    script = PROJECT / "containers" / "env.py"
    subprocess.run([sys.executable, str(script)], check=True, cwd=tmp_path, capture_output=True)
    other = (tmp_path / ".env").read_text(encoding="utf-8")
    secrets = {v: value for v, value in variables.items() if re.search("PASSWORD|SECRET|KEY", v)}

    assert stat.S_IMODE((made / ".env").stat().st_mode) == 0o600
    assert [v for v, value in secrets.items() if value in other or len(value) < 40] == []
    assert len(set(secrets.values())) == len(secrets) >= 13


def test_a_second_make_env_changes_nothing(made):
    before = (made / ".env").read_bytes()
    script = PROJECT / "containers" / "env.py"

    said = subprocess.run([sys.executable, str(script)], cwd=made, capture_output=True, check=True)

    assert b"stays as it is" in said.stdout
    assert (made / ".env").read_bytes() == before


@pytest.mark.skipif(not (PROJECT / ".git").exists(), reason="not a clone")
def test_the_secrets_are_never_committed_nor_in_the_image():
    ignored = subprocess.run(["git", "check-ignore", "-q", ".env"], cwd=PROJECT, check=False)

    assert ignored.returncode == 0
    assert ".env" in (PROJECT / ".dockerignore").read_text(encoding="utf-8").splitlines()


@each_service
def test_every_volume_is_declared_and_every_file_that_is_mounted_is_there(name):
    for mount in SERVICES[name].get("volumes", []):
        source = mount.split(":")[0]
        if source.startswith("."):
            assert (PROJECT / source).exists()
            assert mount.endswith(":ro")
        else:
            assert source in VOLUMES


def test_every_volume_is_used():
    used = {mount.split(":")[0] for s in SERVICES.values() for mount in s.get("volumes", [])}

    assert set(VOLUMES) <= used


@each_service
def test_whom_a_service_waits_for_is_there_and_says_when_it_is_ready(name):
    for other, how in SERVICES[name].get("depends_on", {}).items():
        condition = how["condition"]
        assert condition in ("service_healthy", "service_completed_successfully")
        assert (condition == "service_healthy") == ("healthcheck" in SERVICES[other])


@each_that_stays
def test_a_service_that_stays_is_looked_at_and_started_again(name):
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert SERVICES[name]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")


def test_what_runs_once_is_not_started_again():
    assert {SERVICES[name]["restart"] for name in SERVICES.keys() - set(STAY)} == {"no"}


@each_service
def test_a_port_is_open_to_this_machine_only_unless_it_is_chosen(name):
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"\$\{\w+_ADDRESS:-127\.0\.0\.1\}:\$\{\w+_PORT:-\d+\}:\d+", port)


def test_the_ports_are_those_on_which_the_services_listen():
    published = {
        name: {int(port.rsplit(":", 1)[1]) for port in service["ports"]}
        for name, service in SERVICES.items()
        if "ports" in service
    }
    sshd = (PROJECT / "sftp_inbound/server/sshd_config").read_text(encoding="utf-8")
    [sshd_port] = re.findall(r"^Port (\d+)$", sshd, re.M)

    assert published == {
        "api-server": {8080},
        "drop-zone": {int(sshd_port)},
        "mail": {mail_page.PAGE_PORT},
    }
    assert environment("tembaga")["TEMBAGA_DROP_ZONE_PORT"] == sshd_port
    assert environment("tembaga")["TEMBAGA_SMTP_PORT"] == str(mail_page.SMTP_PORT)
    assert environment("scheduler")["AIRFLOW_CONN_SMTP"] == f"smtp://mail:{mail_page.SMTP_PORT}"


@pytest.mark.parametrize("name", ["scheduler", "worker"])
def test_the_drop_zone_is_known_by_its_key(name):
    connection = json.loads(environment(name)["AIRFLOW_CONN_DROP_ZONE"])

    assert connection["host"] in SERVICES
    assert connection["extra"]["host_key"] == "${DROP_ZONE_HOST_KEY_PUBLIC}"
    assert connection["extra"]["look_for_keys"] is False


@pytest.mark.parametrize("name", ["scheduler", "worker", "demo", "tembaga", "prepare"])
def test_every_address_is_that_of_a_service(name):
    addresses = " ".join(str(value) for value in environment(name).values())
    hosts = set(re.findall(r"(?:@|//)([a-z][a-z-]*):\d+", addresses))

    assert hosts
    assert hosts <= SERVICES.keys()


def test_three_databases_have_three_users():
    script = (PROJECT / "containers/databases.sh").read_text(encoding="utf-8")
    made = set(re.findall(r"create database (\w+) owner (\w+);", script))
    named = re.findall(r"//(\w+):\$\{\w+\}@postgres:5432/(\w+)", TEXT)

    assert made == {(name, name) for name in ("airflow", "register", "warehouse")}
    assert set(named) == made


@pytest.mark.parametrize(
    ("script", "service"),
    [
        ("containers/databases.sh", "postgres"),
        ("containers/prepare.sh", "prepare"),
        ("sftp_inbound/server/keeper.py", "drop-zone"),
    ],
)
def test_a_script_is_given_what_it_reads(script, service):
    text = (PROJECT / script).read_text(encoding="utf-8")
    read = set(re.findall(r"(?:\$|environ\w*\[\"|\.get\(\")([A-Z][A-Z_]+)\b", text))

    assert read - {"TEMBAGA_HOME", "AIRFLOW_HOME"} <= environment(service).keys()  # The image's.


@pytest.mark.parametrize("script", ["databases.sh", "prepare.sh", "service.sh"])
def test_a_script_can_be_run(script):
    assert os.access(PROJECT / "containers" / script, os.X_OK)


def test_no_service_of_airflow_starts_before_it_is_known_that_it_may():
    commands = {name: service.get("command", []) for name, service in SERVICES.items()}
    of_airflow = {name: command for name, command in commands.items() if "airflow" in command}

    assert len(of_airflow) == 5
    assert [n for n, c in of_airflow.items() if c[0] != "containers/service.sh"] == []


def test_the_executor_of_the_workers_can_be_loaded():
    """Its provider says of no version of Celery that it is too new."""
    code = "import airflow.providers.celery.executors.celery_executor"

    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_workers_come_with_their_profile():
    assert sorted(n for n, s in SERVICES.items() if "workers" in s.get("profiles", ())) == [
        "redis",
        "worker",
    ]
    assert environment("scheduler") == environment("worker")


@each_service
def test_an_image_has_a_version_or_is_built_here(name):
    service = SERVICES[name]

    assert "build" in service or re.search(r":\d+(\.\d+)*-\w+$", service["image"])


def test_postgres_is_new_enough():
    [major] = re.findall(r":(\d+)", SERVICES["postgres"]["image"])

    assert int(major) >= 16


@pytest.mark.parametrize("name", [*OURS, "drop-zone"])
def test_a_service_may_do_no_more_than_it_must(name):
    assert SERVICES[name]["cap_drop"] == ["ALL"]
    assert "privileged" not in SERVICES[name]


def test_our_image_is_slim_locked_and_not_roots():
    dockerfile = (PROJECT / "Dockerfile").read_text(encoding="utf-8")

    assert re.search(r"^FROM debian:\w+-slim$", dockerfile, re.M)
    assert "--require-hashes" in dockerfile
    assert re.findall(r"^USER (\w+)$", dockerfile, re.M)[-1] == "tembaga"
    assert "http" not in dockerfile
