"""The drop zone of docker-compose without a container: its own keeper and its own sshd_config.

Both run in a mount namespace of their own, in which `/etc`, `/run` and `/srv` are copies or
empty: nothing of the machine that runs the tests is changed. That needs root.
"""

import base64
import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import free_port, reaching

from tembaga.embedded.sftp_server import HOST_KEY, OWN_ACCOUNT, ensure_key, public_key
from tembaga.settings import PROJECT, Settings

SERVER = PROJECT / "sftp_inbound" / "server"
SECONDS = 20

_IN_A_NAMESPACE = """
set -e
mkdir -p "$HERE/run" "$HERE/etc/drop_zone/accounts" "$HERE/srv/drop_zone"
mount --make-rprivate /
mount --bind "$ACCOUNTS" "$HERE/etc/drop_zone/accounts"
for folder in etc run srv; do mount --rbind "$HERE/$folder" "/$folder"; done
exec "$PYTHON" /etc/drop_zone/keeper.py -o "ListenAddress=127.0.0.1:$PORT"
"""


def can_run() -> bool:
    """Whether this process may make a mount namespace."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "--mount", "true"], check=False).returncode == 0


@contextmanager
def openssh_zone(settings: Settings, folder: Path, **environment: str) -> Iterator[Settings]:
    """Run the drop zone with the accounts that the settings name; gives what reaches it.

    `folder` keeps its `srv` and its log: a second run on the same finds what the first left.
    """
    for name in (HOST_KEY, OWN_ACCOUNT):
        ensure_key(settings.keys, name)
    shutil.rmtree(folder / "etc", ignore_errors=True)
    shutil.copytree("/etc", folder / "etc", symlinks=True, ignore=shutil.ignore_patterns("ssl"))
    (folder / "etc/drop_zone").mkdir()
    for name in ("sshd_config", "keeper.py"):
        shutil.copy(SERVER / name, folder / "etc/drop_zone")
    accounts = settings.drop_zone_accounts
    assert accounts is not None
    accounts.mkdir(parents=True, exist_ok=True)
    given = {
        "PATH": os.environ["PATH"],
        "HERE": str(folder),
        "ACCOUNTS": str(accounts),
        "PORT": str(port := free_port()),
        "PYTHON": getattr(sys, "_base_executable", sys.executable),
        "DROP_ZONE_HOST_KEY": base64.b64encode((settings.keys / HOST_KEY).read_bytes()).decode(),
        "DROP_ZONE_OWN_KEY_PUBLIC": public_key(settings.keys, OWN_ACCOUNT),
    }
    with (folder / "log").open("w") as log:
        keeper = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", _IN_A_NAMESPACE],
            env=given | environment,
            stderr=log,
        )
    try:
        wait_for(folder, keeper, "Server listening")
        yield reaching(settings, port)
    finally:
        keeper.terminate()
        keeper.wait()


def wait_for(folder: Path, keeper: "subprocess.Popen[bytes] | None", said: str) -> None:
    """Wait until the log says so."""
    give_up_at = time.monotonic() + SECONDS
    while time.monotonic() < give_up_at and (keeper is None or keeper.poll() is None):
        with contextlib.suppress(OSError):
            if said in (folder / "log").read_text():
                return
        time.sleep(0.05)
    raise AssertionError(f"not said: {said}. The log: {(folder / 'log').read_text()}")
