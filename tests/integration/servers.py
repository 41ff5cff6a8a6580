"""The servers that a drop zone may stand on, and ways to treat them badly."""

import contextlib
import getpass
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tembaga.embedded.sftp_server import HOST_KEY, OWN_ACCOUNT, ensure_key, public_key
from tembaga.settings import Settings


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def reaching(settings: Settings, port: int, user: str = OWN_ACCOUNT) -> Settings:
    """Settings that reach the drop zone of a home on a port, with our own key."""
    return settings.model_copy(
        update={
            "drop_zone_host": "127.0.0.1",
            "drop_zone_port": port,
            "drop_zone_user": user,
            "drop_zone_host_key": public_key(settings.keys, HOST_KEY),
            "drop_zone_key_file": settings.keys / OWN_ACCOUNT,
        }
    )


@contextmanager
def openssh_server(
    program: str, settings: Settings, folder: Path, partners: tuple[str, ...] = ()
) -> Iterator[Settings]:
    """OpenSSH's `sshd` on the drop zone of a home, with keys only and SFTP only.

    It runs as whoever runs the tests, so that every account is that one; the key says which
    folder one arrives in.
    """
    drop_zone = settings.root / "drop_zone"
    drop_zone.mkdir(parents=True, exist_ok=True)
    for name in (HOST_KEY, OWN_ACCOUNT):
        ensure_key(settings.keys, name)
    _write_sshd_files(settings, folder, drop_zone, partners, port := free_port())
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # As root it insists on it.
    server = subprocess.Popen(
        [program, "-D", "-e", "-f", str(folder / "sshd_config")],
        stderr=(folder / "sshd.log").open("w"),
    )
    try:
        _wait_for(port, server, folder / "sshd.log")
        yield reaching(settings, port, getpass.getuser())
    finally:
        server.terminate()
        server.wait()


def _write_sshd_files(
    settings: Settings, folder: Path, drop_zone: Path, partners: tuple[str, ...], port: int
) -> None:
    folders = {OWN_ACCOUNT: drop_zone} | {partner: drop_zone / partner for partner in partners}
    keys = [
        f'restrict,command="internal-sftp -d {start}" {public_key(settings.keys, name)}\n'
        for name, start in folders.items()
    ]
    (folder / "authorized_keys").write_text("".join(keys))
    (folder / "sshd_config").write_text(
        f"""
        ListenAddress 127.0.0.1
        Port {port}
        HostKey {settings.keys / HOST_KEY}
        PidFile none
        AuthorizedKeysFile {folder / "authorized_keys"}
        StrictModes no
        AuthenticationMethods publickey
        PermitRootLogin prohibit-password
        Subsystem sftp internal-sftp
        """
    )


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    give_up_at = time.monotonic() + 10
    while time.monotonic() < give_up_at and server.poll() is None:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.05)
    raise AssertionError(f"sshd did not start: {log.read_text()}")


@contextmanager
def line_to(port: int, *, breaks_after_bytes: int) -> Iterator[int]:
    """A port that passes everything on to another, until so much came back; then it hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(
            target=_pass_on, args=(listener, port, breaks_after_bytes), daemon=True
        ).start()
        yield listener.getsockname()[1]


def _pass_on(listener: socket.socket, port: int, breaks_after_bytes: int) -> None:
    near, _ = listener.accept()
    far = socket.create_connection(("127.0.0.1", port))
    threading.Thread(target=_copy, args=(near, far, 1 << 60), daemon=True).start()
    _copy(far, near, breaks_after_bytes)
    for end in (near, far):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


def _copy(source: socket.socket, target: socket.socket, at_most: int) -> None:
    with contextlib.suppress(OSError):
        while at_most > 0 and (data := source.recv(min(65_536, at_most))):
            target.sendall(data)
            at_most -= len(data)


def drop_with_openssh(
    program: str, settings: Settings, partner: str, commands: str, *, user: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Let OpenSSH's `sftp` do some commands as a partner."""
    known_hosts = settings.root / "known_hosts"
    host = f"[{settings.drop_zone_host}]:{settings.drop_zone_port}"
    known_hosts.write_text(f"{host} {settings.drop_zone_host_key}\n")
    return subprocess.run(
        [
            program,
            *("-b", "-", "-q", "-P", str(settings.drop_zone_port)),
            *("-i", str(settings.keys / partner), "-o", f"UserKnownHostsFile={known_hosts}"),
            *("-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=yes", "-F", "none"),
            f"{user or partner}@{settings.drop_zone_host}",
        ],
        input=commands,
        capture_output=True,
        text=True,
        timeout=30,
    )
