"""Kill one service after the other while the demo's day goes through docker-compose.

    make env
    docker compose up --build --detach
    python -m tests.containers.trial [scheduler postgres drop-zone mail api-server worker redis]

As root, on the machine of the Docker engine: a service is killed like a machine that loses its
power, from outside its container, so that the engine starts it again as it would then.
The trial is passed if the day ends with the head that it always ends with.
"""

import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tembaga.embedded.airflow_api import AirflowApi
from tembaga.embedded.airflow_environment import USER
from tembaga.embedded.airflow_rest import AirflowRefusedError

ROOT = Path(__file__).parent.parent.parent
HEAD = "fd6f604084b22769b6ddb0828b4f98aac61d0c8fb2865e46d5cf340dc044622a"
SECONDS_MAX = 1800
COMPOSE = ["docker-compose"] if shutil.which("docker-compose") else ["docker", "compose"]

# While which task is being run a service is killed, in the order of the day.
MOMENTS = {
    "scheduler": ("receive_files", "validate"),
    "worker": ("receive_files", "validate"),
    "postgres": ("post_ledger", "post"),
    "api-server": ("issue_vouchers", "issue"),
    "mail": ("send_statements", "send"),
    "drop-zone": ("receive_files", "receive"),
    "redis": ("post_ledger", "post"),
}


@dataclass(frozen=True)
class Kill:
    """A service that was killed, and how long it was until it was healthy again."""

    service: str
    task: str
    seconds_away: float


def main(services: list[str]) -> int:
    """Drop the demo's files, kill these services in turn, and compare the head."""
    began = time.monotonic()
    demo = subprocess.Popen(
        [*COMPOSE, "run", "--rm", "demo"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    for service in services or list(MOMENTS):
        kill = kill_in_its_moment(service, demo)
        _say(f"{kill.service} killed during {kill.task}, healthy after {kill.seconds_away:.1f} s")
    said = demo.communicate(timeout=SECONDS_MAX)[0]
    _say(said[-4000:])
    is_same = HEAD in said
    _say(f"{time.monotonic() - began:.0f} s; the head is {'the same' if is_same else 'ANOTHER'}")
    return 0 if is_same and demo.returncode == 0 else 1


def kill_in_its_moment(service: str, demo: "subprocess.Popen[str]") -> Kill:
    """Wait until the service has something to lose, kill it, and wait until it is back."""
    dag, task = MOMENTS[service]
    with AirflowApi("http://127.0.0.1:8080", user=USER, password=password()) as api:
        while not _is_running(api, dag, task):
            if demo.poll() is not None:
                raise SystemExit(f"The day ended before {service} could be killed.")
            time.sleep(0.1)
    container = _compose("ps", "-q", service).split()[0]
    pid = _docker("inspect", "--format", "{{.State.Pid}}", container)
    began = time.monotonic()
    subprocess.run(["kill", "-9", pid], check=True)
    while _docker("inspect", "--format", "{{.State.Pid}}", container) in (pid, "0"):
        time.sleep(0.1)
    while _docker("inspect", "--format", "{{.State.Health.Status}}", container) != "healthy":
        time.sleep(0.2)
    return Kill(service, f"{dag}.{task}", time.monotonic() - began)


def password() -> str:
    """Of Airflow's pages, as `make env` has made it."""
    lines = (ROOT / ".env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)["AIRFLOW_PASSWORD"]


def _is_running(api: AirflowApi, dag: str, task: str) -> bool:
    try:
        runs = [run for run in api.runs(dag) if not run.ended]
        found = [one for run in runs for one in api.tasks(dag, run.run_id)]
    except (AirflowRefusedError, OSError):
        return False
    return any(one.task_id == task and one.state == "running" for one in found)


def _compose(*arguments: str) -> str:
    return _said([*COMPOSE, *arguments])


def _docker(*arguments: str) -> str:
    return _said(["docker", *arguments])


def _said(command: list[str]) -> str:
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201 - this is its output.


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
