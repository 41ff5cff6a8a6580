"""Make `.env`: the secrets and the choices of one installation in docker-compose.

Secrets are random and of this installation alone. A `.env` that is there is left as it is.
Nothing but Python and OpenSSH's `ssh-keygen` is needed.
"""

import base64
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

PASSWORDS = (
    "POSTGRES_PASSWORD",
    "AIRFLOW_DATABASE_PASSWORD",
    "REGISTER_PASSWORD",
    "WAREHOUSE_PASSWORD",
    "REDIS_PASSWORD",
    "AIRFLOW_PASSWORD",
    "AIRFLOW_SECRET_KEY",
    "AIRFLOW_JWT_SECRET",
)
KEY_PAIRS = ("DROP_ZONE_HOST_KEY", "DROP_ZONE_OWN_KEY")
CHOICES = """
# LocalExecutor, or CeleryExecutor with COMPOSE_PROFILES=workers: the tasks then run on workers.
AIRFLOW_EXECUTOR=LocalExecutor
COMPOSE_PROFILES=

# When Airflow looks for files, as */15 * * * *; empty: only when asked, as the demo does.
TEMBAGA_RECEIVE_SCHEDULE=
# A file is taken when two looks so many seconds apart see it unchanged.
TEMBAGA_SETTLE_SECONDS=5

# Where the pages and the drop zone are reached. 0.0.0.0 lets partners in from other machines.
PAGES_ADDRESS=127.0.0.1
DROP_ZONE_ADDRESS=127.0.0.1
AIRFLOW_PAGE_PORT=8080
MAIL_PAGE_PORT=8025
DROP_ZONE_PORT=2222
"""


def lines() -> Iterator[str]:
    """The lines of a new `.env`."""
    yield "# Made by `make env`. Whoever reads this file may do everything: it is not committed."
    for name in PASSWORDS:
        yield f"{name}={secrets.token_hex(24)}"  # Goes into addresses as it stands.
    yield f"AIRFLOW_FERNET_KEY={base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}"
    for name in KEY_PAIRS:
        private, public = key_pair()
        yield f"{name}={base64.b64encode(private).decode()}"
        yield f"{name}_PUBLIC={public}"
    yield CHOICES


def key_pair() -> tuple[bytes, str]:
    """A new private key, and its public key as `ssh-ed25519 AAAA…`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "key"
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)]
        subprocess.run(command, check=True)
        public = path.with_suffix(".pub").read_text(encoding="ascii")
        return path.read_bytes(), " ".join(public.split()[:2])


def make(path: Path) -> bool:
    """Write the file, readable by its owner only; whether there was none yet."""
    if path.exists():
        return False
    content = "\n".join(lines())
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)
    part.rename(path)
    return True


if __name__ == "__main__":
    if shutil.which("ssh-keygen") is None:
        sys.exit("`ssh-keygen` is missing: install OpenSSH's client.")
    is_new = make(Path(".env"))
    print(".env is made." if is_new else ".env is there already, and stays as it is.")  # noqa: T201 - a command says it.
