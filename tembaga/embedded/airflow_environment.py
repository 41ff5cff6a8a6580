"""The environment in which the embedded Airflow's programs and tasks run.

Airflow is set by variables only. Those of another Airflow are not passed on, and nothing here
calls home or waits for a network that is not there.
"""

import base64
import json
import os
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from tembaga.setting_words import variable
from tembaga.settings import Settings

LOCAL_SETTINGS = Path(__file__).parent / "airflow_config"
LOCALHOST = "127.0.0.1"
USER = "admin"


@dataclass(frozen=True)
class Secrets:
    """What signs Airflow's sessions and tokens; made once, so that a restart keeps them."""

    password: str
    secret_key: str
    jwt_secret: str
    fernet_key: str


def keep_secrets(keys: Path) -> Secrets:
    """The secrets of this installation, made at the first call, readable by its owner only.

    The password is written a second time, in the form that Airflow's login reads.
    """
    path = keys / "airflow.json"
    if not path.exists():
        keys.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_privately(
            path,
            {
                "password": secrets.token_urlsafe(12),
                "secret_key": secrets.token_urlsafe(48),
                "jwt_secret": secrets.token_urlsafe(64),
                "fernet_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            },
        )
    kept = Secrets(**json.loads(path.read_text(encoding="utf-8")))
    _write_privately(_password_file(keys), {USER: kept.password})
    return kept


def environment(
    settings: Settings, *, secrets: Secrets, database_url: str, dags: Path, port: int
) -> dict[str, str]:
    """All variables of the children: those of this process, ours, and Airflow's."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")
    }
    return (
        inherited
        | _surroundings()
        | _tembaga(settings)
        | {
            "AIRFLOW_HOME": str(settings.root / "airflow"),
            "AIRFLOW_CONN_DROP_ZONE": _drop_zone(settings),
        }
        | {
            f"AIRFLOW__{name}": value
            for name, value in _airflow(settings, secrets, database_url, dags, port).items()
        }
    )


def _surroundings() -> dict[str, str]:
    bypass = ",".join(filter(None, [os.environ.get("NO_PROXY"), LOCALHOST, "localhost"]))
    return {
        # Airflow starts its parts by the name `airflow`.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "PYTHONPATH": os.pathsep.join(
            filter(None, [str(LOCAL_SETTINGS), os.environ.get("PYTHONPATH")])
        ),
        "NO_PROXY": bypass,
        "no_proxy": bypass,
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "GX_ANALYTICS_ENABLED": "false",
    }


def _tembaga(settings: Settings) -> dict[str, str]:
    """Our settings as this process has them, whatever the children would read from files."""
    values = {name: getattr(settings, name) for name in type(settings).model_fields}
    return {variable(name): _said(value) for name, value in values.items()}


def _said(value: object) -> str:
    """A setting as a variable says it, also one that is not shown elsewhere."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Path):
        return str(value.expanduser().absolute())
    return "" if value is None else str(value)


def _drop_zone(settings: Settings) -> str:
    """The drop zone as Airflow's SFTP hook wants it: one host key, one key, no compression."""
    key_file = settings.drop_zone_key_file
    return json.dumps(
        {
            "conn_type": "sftp",
            "host": settings.drop_zone_host,
            "port": settings.drop_zone_port,
            "login": settings.drop_zone_user,
            "extra": {
                "key_file": str(key_file.absolute()) if key_file else None,
                "host_key": settings.drop_zone_host_key,
                "look_for_keys": False,
                "compress": False,  # 200 MB took 7.5 s compressed, and 1.9 s as they are.
            },
        }
    )


def _airflow(
    settings: Settings, secrets: Secrets, database_url: str, dags: Path, port: int
) -> dict[str, str]:
    url = f"http://{LOCALHOST}:{port}"
    return {
        "CORE__DAGS_FOLDER": str(dags.absolute()),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": str(_tasks_at_once()),
        "CORE__HOSTNAME_CALLABLE": "socket.gethostname",  # The default asks a name server.
        "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "CORE__FERNET_KEY": secrets.fernet_key,
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(_password_file(settings.keys)),
        "DATABASE__SQL_ALCHEMY_CONN": database_url,
        "API__HOST": LOCALHOST,
        "API__PORT": str(port),
        "API__BASE_URL": url,
        "API__WORKERS": "1",
        "API__SECRET_KEY": secrets.secret_key,
        "API_AUTH__JWT_SECRET": secrets.jwt_secret,
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
        "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "30",
        "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",  # At 5, a task's end goes unseen for 5 s.
        "LOGGING__BASE_LOG_FOLDER": str(settings.root / "airflow" / "logs"),
        "LOGGING__UVICORN_LOGGING_LEVEL": "WARNING",  # Tasks ask every second.
    }


def _tasks_at_once() -> int:
    return min(16, max(4, 2 * (os.cpu_count() or 1)))


def _password_file(keys: Path) -> Path:
    return keys / "airflow_passwords.json"


def _write_privately(path: Path, content: dict[str, str]) -> None:
    part = path.with_name(f".{path.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file)
    part.replace(path)
