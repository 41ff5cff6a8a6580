"""Drop files as a partner does: with a real SFTP client, its own account and its own key.

The client is OpenSSH's `sftp` where it is installed, otherwise paramiko.
"""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tembaga.drop_zone import open_address
from tembaga.settings import Settings

INBOX = "/inbox"
SECONDS = 120


class DropFailedError(Exception):
    """The partner's client could not deliver; the sentence names the partner and says why."""


def client_name() -> str:
    """The client that will be used, in words."""
    return "OpenSSH's sftp" if shutil.which("sftp") else "paramiko (there is no `sftp` here)"


def drop(paths: Sequence[Path], *, partner: str, settings: Settings) -> None:
    """Put files into the inbox of `partner`, under their names. One of that name is replaced.

    Raises:
        DropFailedError: The server was not reached or refused a file.
    """
    if shutil.which("sftp"):
        _drop_with_openssh(paths, partner=partner, settings=settings)
    else:
        _drop_with_paramiko(paths, partner=partner, settings=settings)


def openssh_command(partner: str, settings: Settings) -> list[str]:
    """The command by which a partner connects; it trusts the one agreed host key."""
    options = {
        "IdentitiesOnly": "yes",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": str(_known_hosts(settings)),
        "GlobalKnownHostsFile": "/dev/null",
    }
    return [
        "sftp",
        *("-F", "none"),  # The user's own settings have no say.
        *("-P", str(settings.drop_zone_port)),
        *("-i", str(settings.keys / partner)),
        *(part for name, value in options.items() for part in ("-o", f"{name}={value}")),
        f"{partner}@{settings.drop_zone_host}",
    ]


def _drop_with_openssh(paths: Sequence[Path], *, partner: str, settings: Settings) -> None:
    batch = "".join(f"put {_quoted(path)} {INBOX}/\n" for path in paths)
    command, *arguments = openssh_command(partner, settings)
    try:
        done = subprocess.run(
            [command, "-b", "-", "-q", *arguments],
            check=False,
            input=batch,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise DropFailedError(f"sftp as {partner}: not done after {SECONDS} s") from error
    if done.returncode != 0:
        raise DropFailedError(f"sftp as {partner}: {done.stderr.strip() or done.stdout.strip()}")


def _drop_with_paramiko(paths: Sequence[Path], *, partner: str, settings: Settings) -> None:
    account = {"drop_zone_user": partner, "drop_zone_key_file": settings.keys / partner}
    try:
        with open_address(settings.model_copy(update=account)) as sftp:
            for path in paths:
                sftp.put(str(path), f"{INBOX}/{path.name}")
    except Exception as error:
        raise DropFailedError(f"paramiko as {partner}: {error}") from error


def _known_hosts(settings: Settings) -> Path:
    """A file with the drop zone's host key, as OpenSSH reads it."""
    path = settings.keys / "known_hosts"
    host = f"[{settings.drop_zone_host}]:{settings.drop_zone_port}"
    path.write_text(f"{host} {settings.drop_zone_host_key}\n", encoding="utf-8")
    return path


def _quoted(path: Path) -> str:
    """The path as sftp's batch language reads it: between quotes nothing is a pattern."""
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
