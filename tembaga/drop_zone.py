"""The drop zone: the SFTP server on which partners and we hand files to each other.

    <partner>/inbox       the partner writes, we take
    <partner>/received    what we have taken, under its number
    <partner>/ack         our answers
    <partner>/vouchers    voucher batches, for merchants

Paths begin where our account arrives, so that a leading `/` says nothing: the same code
works on a server that confines us to the drop zone and on one that merely starts us there.
"""

import os
import posixpath
import socket
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path as FilePath

import paramiko
from paramiko import SFTPClient
from paramiko.config import SSH_PORT
from paramiko.hostkeys import HostKeyEntry
from paramiko.sftp import CMD_CLOSE, CMD_NAME, CMD_OPENDIR, CMD_READDIR

from tembaga.settings import Settings, refuse_open_key

CONNECT_SECONDS = 10
SILENCE_SECONDS = 120  # A server that says nothing for so long is gone.

Path = str | bytes  # Names from outside need not be text.


class DropZoneUnreachable(Exception):  # noqa: N818 - what happened, as everywhere it is caught.
    """The drop zone cannot be used; the sentence names host and port and what to check."""


class DropZoneNotTrusted(DropZoneUnreachable):
    """A server answers, but it is not the one whose host key was agreed; nothing was sent."""


@dataclass(frozen=True)
class Entry:
    """What lies in a folder of the drop zone, itself: links are not followed."""

    name: bytes
    size_bytes: int
    modified_at: int
    is_file: bool
    is_folder: bool


@contextmanager
def open_address(settings: Settings) -> Iterator[SFTPClient]:
    """Connect to the drop zone that the settings name; close when left.

    Raises:
        DropZoneUnreachable: Nobody answers, our key is not accepted, or the connection is lost.
        DropZoneNotTrusted: The server shows another host key than the settings.
    """
    where = f"{settings.drop_zone_host}:{settings.drop_zone_port}"
    with paramiko.SSHClient() as client:
        with _connecting(where):
            _connect(client, settings)
            sftp = _prepared(client.open_sftp())
        with _working(sftp, where):
            yield sftp


@contextmanager
def open_connection(conn_id: str = "drop_zone") -> Iterator[SFTPClient]:
    """Connect to the drop zone that an Airflow connection names; close when left.

    Raises as `open_address` does.
    """
    from airflow.providers.sftp.hooks.sftp import SFTPHook

    hook = SFTPHook(ssh_conn_id=conn_id, conn_retry_attempts=1)  # Airflow retries the task.
    where = f"{hook.remote_host}:{hook.port}"
    if hook.host_key is None:
        raise _no_host_key(where)
    if hook.key_file:
        refuse_open_key(FilePath(hook.key_file))
    with ExitStack() as opened:
        with _connecting(where):
            sftp = _prepared(opened.enter_context(hook.get_managed_conn()))
        with _working(sftp, where):
            yield sftp


def is_lost(sftp: SFTPClient, error: Exception) -> bool:
    """Whether an error means that this connection is good for nothing any more."""
    return isinstance(error, (paramiko.SSHException, TimeoutError)) or _is_closed(sftp)


def deliver(sftp: SFTPClient, folder: str, name: str, data: bytes) -> None:
    """Put a file into a folder, whole or not at all; one of that name is replaced.

    A second call with the same bytes changes nothing that the partner can see.
    """
    path = at(folder, name)
    if _holds(sftp, path, data):
        return
    part = at(folder, f".{name}.part")
    make_folder(sftp, folder)
    with naming(path):
        sftp.putfo(BytesIO(data), part, file_size=len(data), confirm=True)
        sftp.posix_rename(part, path)


def at(folder: Path, name: Path = b"") -> bytes:
    """The path of `name` in `folder`, seen from where our account arrives."""
    return posixpath.join(_bytes(folder).lstrip(b"/"), _bytes(name)) or b"."


def make_folder(sftp: SFTPClient, folder: Path) -> None:
    """Make a folder if it is not there."""
    if entry(sftp, at(folder)) is None:
        with suppress(OSError):  # Someone else made it just now, or the next step says why not.
            sftp.mkdir(at(folder))


def entry(sftp: SFTPClient, path: bytes) -> Entry | None:
    """What lies at a path, or None if nothing does."""
    try:
        return _entry(posixpath.basename(path), sftp.lstat(path))
    except FileNotFoundError:
        return None


def entries(sftp: SFTPClient, folder: Path) -> list[Entry]:
    """What lies in a folder, ordered by name.

    Paramiko's own `listdir_attr` fails for the whole folder if one name in it is not UTF-8;
    this one asks the same of the server and leaves the names as they are.

    Raises:
        OSError: The folder is not there or must not be read.
    """
    found = []
    with naming(at(folder)):
        handle = _ask(sftp, CMD_OPENDIR, at(folder))[1].get_binary()
    try:
        while True:
            kind, answer = _ask(sftp, CMD_READDIR, handle)
            if kind != CMD_NAME:
                raise paramiko.SFTPError("The server answers a listing with something else.")
            for _ in range(answer.get_int()):
                name, _long_name = answer.get_binary(), answer.get_binary()
                found.append(_entry(name, paramiko.SFTPAttributes._from_msg(answer)))  # type: ignore[attr-defined] # The only reader of attributes.
    except EOFError:  # So the protocol says that there is no more.
        _ask(sftp, CMD_CLOSE, handle)
    return sorted((e for e in found if e.name not in (b".", b"..")), key=lambda e: e.name)


@contextmanager
def naming(path: bytes) -> Iterator[None]:
    """Put the path into an error of the server, which itself never says of what it speaks."""
    try:
        yield
    except (FileNotFoundError, PermissionError) as error:
        raise type(error)(error.errno, error.strerror, os.fsdecode(path)) from error


def _ask(sftp: SFTPClient, question: int, subject: bytes) -> tuple[int, paramiko.Message]:
    kind, answer = sftp._request(question, subject)  # type: ignore[attr-defined] # See `entries`.
    return kind, answer


def _entry(name: bytes, attributes: paramiko.SFTPAttributes) -> Entry:
    mode = attributes.st_mode or 0
    return Entry(
        name=name,
        size_bytes=attributes.st_size or 0,
        modified_at=attributes.st_mtime or 0,
        is_file=stat.S_ISREG(mode) and attributes.st_size is not None,
        is_folder=stat.S_ISDIR(mode),
    )


def _holds(sftp: SFTPClient, path: bytes, data: bytes) -> bool:
    there = entry(sftp, path)
    if there is None or not there.is_file or there.size_bytes != len(data):
        return False
    with sftp.open(path, "rb") as file:
        file.prefetch(len(data))
        return file.read() == data


def _connect(client: paramiko.SSHClient, settings: Settings) -> None:
    host, port = settings.drop_zone_host, settings.drop_zone_port
    known = host if port == SSH_PORT else f"[{host}]:{port}"
    trusted = HostKeyEntry.from_line(f"{known} {settings.drop_zone_host_key or ''}")
    if trusted is None or trusted.key is None:
        raise _no_host_key(f"{host}:{port}")
    client.get_host_keys().add(known, trusted.key.get_name(), trusted.key)
    if settings.drop_zone_key_file is None or not settings.drop_zone_key_file.is_file():
        raise DropZoneUnreachable(
            f"There is no private key for the drop zone at {host}:{port}. Put the path of one "
            "into TEMBAGA_DROP_ZONE_KEY_FILE."
        )
    refuse_open_key(settings.drop_zone_key_file)
    client.connect(
        host,
        port,
        username=settings.drop_zone_user,
        key_filename=str(settings.drop_zone_key_file),
        allow_agent=False,
        look_for_keys=False,
        timeout=CONNECT_SECONDS,
        banner_timeout=CONNECT_SECONDS,
        auth_timeout=CONNECT_SECONDS,
    )


def _prepared(sftp: SFTPClient) -> SFTPClient:
    transport = _transport(sftp)
    transport.set_keepalive(30)
    if isinstance(transport.sock, socket.socket):
        # Without it Paramiko sometimes falls to a few MB/s.
        transport.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if channel := sftp.get_channel():
        channel.settimeout(SILENCE_SECONDS)
    return sftp


def _transport(sftp: SFTPClient) -> paramiko.Transport:
    channel = sftp.get_channel()
    if channel is None:
        raise paramiko.SSHException("The SFTP session has no channel")
    return channel.get_transport()


@contextmanager
def _connecting(where: str) -> Iterator[None]:
    """Say in a sentence why there is no connection."""
    try:
        yield
    except paramiko.BadHostKeyException as error:
        raise _other_host_key(where) from error
    except paramiko.AuthenticationException as error:
        raise DropZoneUnreachable(
            f"The drop zone at {where} does not accept our key. Check TEMBAGA_DROP_ZONE_USER "
            "and TEMBAGA_DROP_ZONE_KEY_FILE, and that the server knows the public key."
        ) from error
    except (paramiko.SSHException, EOFError, OSError) as error:
        if "not found in known_hosts" in str(error):
            raise _other_host_key(where) from error
        raise DropZoneUnreachable(
            f"The drop zone at {where} cannot be reached ({error or 'the connection closed'}). "
            "Check that its server runs and that no firewall stands between."
        ) from error


@contextmanager
def _working(sftp: SFTPClient, where: str) -> Iterator[None]:
    """Say in a sentence that the connection was lost; all other errors pass as they are."""
    try:
        yield
    except (paramiko.SSHException, EOFError, OSError) as error:
        if is_lost(sftp, error):
            raise DropZoneUnreachable(
                f"The connection to the drop zone at {where} was lost. Nothing of it is half "
                "done: run this again when the server is there."
            ) from error
        raise


def _is_closed(sftp: SFTPClient) -> bool:
    channel = sftp.get_channel()
    return channel is None or channel.closed or not channel.get_transport().is_active()


def _other_host_key(where: str) -> DropZoneNotTrusted:
    return DropZoneNotTrusted(
        f"The server at {where} shows another host key than the one agreed; nothing was sent "
        "to it. If the drop zone was really changed, put its new public key into "
        "TEMBAGA_DROP_ZONE_HOST_KEY."
    )


def _no_host_key(where: str) -> DropZoneNotTrusted:
    return DropZoneNotTrusted(
        f"No host key is agreed for the drop zone at {where}. Put the server's public key into "
        "TEMBAGA_DROP_ZONE_HOST_KEY, as in `ssh-ed25519 AAAA…`."
    )


def _bytes(path: Path) -> bytes:
    return path if isinstance(path, bytes) else path.encode()
