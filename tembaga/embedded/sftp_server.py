"""The embedded drop zone: an SFTP server for one machine, with keys only.

    keys/       host_key, tembaga, <partner>, each with its .pub
    drop_zone/  <partner>/inbox, received, ack, vouchers

A partner logs in under its folder's name, sees that folder as `/` and writes in `/inbox`
only. The account `tembaga` sees and writes all. There is no shell, no command, no forwarding,
and nobody makes links.
"""

import os
import posixpath
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from weakref import WeakSet

import asyncssh
from asyncssh import SFTPAttrs, SFTPFailure, SFTPPermissionDenied, SFTPServer

from tembaga.embedded.loop import listening_socket, loop_thread
from tembaga.settings import Settings

OWN_ACCOUNT = "tembaga"
HOST_KEY = "host_key"
INBOX = b"/inbox"

_ACCOUNT = re.compile(r"[a-z][a-z0-9_]{1,40}")
_WRITING = asyncssh.FXF_WRITE | asyncssh.FXF_APPEND | asyncssh.FXF_CREAT | asyncssh.FXF_TRUNC


def drop_zone_folder(settings: Settings) -> Path:
    """Where the files of the embedded drop zone lie."""
    return settings.root / "drop_zone"


def add_partner(settings: Settings, partner: str, *, is_merchant: bool = False) -> Path:
    """Give a partner its folders and its key; returns the path of the private key.

    A running server lets it in at once. A second call changes nothing.
    """
    if not _ACCOUNT.fullmatch(partner) or partner in (OWN_ACCOUNT, HOST_KEY):
        raise ValueError(f"{partner!r} cannot be the account of a partner")
    for name in ("inbox", "received", "ack", *(["vouchers"] if is_merchant else [])):
        (drop_zone_folder(settings) / partner / name).mkdir(parents=True, exist_ok=True)
    return ensure_key(settings.keys, partner)


def ensure_key(keys: Path, name: str) -> Path:
    """Make a key pair `name` and `name.pub` if there is none; returns the private key's path.

    Where somebody has brought a public key of their own, there is none to be made.
    """
    keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    private, public = keys / name, keys / f"{name}.pub"
    if not private.exists() and not public.exists():
        _write_key(private, asyncssh.generate_private_key("ssh-ed25519", comment=name))
    if not public.exists():
        part = public.with_name(f".{public.name}.part")
        asyncssh.read_private_key(private).write_public_key(part)
        os.replace(part, public)
    return private


def _write_key(path: Path, key: asyncssh.SSHKey) -> None:
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key.export_private_key())
    os.replace(part, path)


def public_key(keys: Path, name: str) -> str:
    """The public key `name`, as `ssh-ed25519 AAAA…`."""
    return " ".join((keys / f"{name}.pub").read_text(encoding="ascii").split()[:2])


@contextmanager
def sftp_server(settings: Settings) -> Iterator[int]:
    """Serve the embedded drop zone on the loopback until left; gives the port."""
    drop_zone = drop_zone_folder(settings)
    drop_zone.mkdir(parents=True, exist_ok=True)
    host_key = ensure_key(settings.keys, HOST_KEY)
    ensure_key(settings.keys, OWN_ACCOUNT)
    connections: WeakSet[asyncssh.SSHServerConnection] = WeakSet()
    listener = listening_socket(settings.drop_zone_port)
    with listener, loop_thread("sftp-server") as thread:
        acceptor = thread.run(
            asyncssh.listen(
                sock=listener,
                server_factory=lambda: _Doorkeeper(drop_zone, settings.keys, connections),
                server_host_keys=[host_key],
                sftp_factory=lambda channel: _served_folder(channel, drop_zone),
                password_auth=False,
                kbdint_auth=False,
                host_based_auth=False,
                gss_host=None,
                allow_pty=False,
                agent_forwarding=False,
                encoding=None,
            )
        )
        try:
            yield listener.getsockname()[1]
        finally:
            thread.run(_hang_up(acceptor, connections))


async def _hang_up(
    acceptor: asyncssh.SSHAcceptor, connections: WeakSet[asyncssh.SSHServerConnection]
) -> None:
    """Close at once: whoever is still connected must not keep us from ending."""
    acceptor.close()
    for connection in set(connections):
        connection.abort()


class _Doorkeeper(asyncssh.SSHServer):
    """Lets in those whose public key lies in the folder of keys at that moment."""

    def __init__(
        self, drop_zone: Path, keys: Path, connections: WeakSet[asyncssh.SSHServerConnection]
    ) -> None:
        self._drop_zone = drop_zone
        self._keys = keys
        self._connections = connections

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connections.add(conn)

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        if not _ACCOUNT.fullmatch(username):
            return False
        if username != OWN_ACCOUNT and not (self._drop_zone / username).is_dir():
            return False
        try:
            return key in asyncssh.read_public_key_list(self._keys / f"{username}.pub")
        except (OSError, asyncssh.KeyImportError):
            return False


def _served_folder(channel: asyncssh.SSHServerChannel[bytes], drop_zone: Path) -> SFTPServer:
    username = channel.get_extra_info("username")
    if username == OWN_ACCOUNT:
        return _Folder(channel, drop_zone)
    return _PartnerFolder(channel, drop_zone / username)


class _Folder(SFTPServer):
    """A folder that is shown as `/`; nothing outside it can be reached or named."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], folder: Path) -> None:
        self._root = os.fsencode(folder.resolve())
        super().__init__(channel, chroot=self._root)

    def map_path(self, path: bytes) -> bytes:
        mapped = super().map_path(path)
        self._must_be_inside(os.path.realpath(mapped))
        return mapped

    def itself(self, path: bytes) -> bytes:
        """The local path of what lies at `path`, even if that is a link that leads out."""
        mapped = super().map_path(path)
        self._must_be_inside(os.path.realpath(os.path.dirname(mapped)))
        return mapped

    def _must_be_inside(self, real: bytes) -> None:
        if real != self._root and not real.startswith(self._root + b"/"):
            raise SFTPPermissionDenied("A link that leads out of the folder")

    def may_change(self, path: bytes) -> None:
        """Refuse a change that this account may not make."""

    def open(self, path: bytes, pflags: int, attrs: SFTPAttrs) -> object:
        if pflags & _WRITING:
            self.may_change(path)
        return super().open(path, pflags, _harmless(attrs))

    def lstat(self, path: bytes) -> os.stat_result:
        return os.lstat(self.map_path(path) if path in (b"", b".", b"/") else self.itself(path))

    def remove(self, path: bytes) -> None:
        self.may_change(path)
        os.remove(self.itself(path))

    def mkdir(self, path: bytes, attrs: SFTPAttrs) -> None:
        self.may_change(path)
        super().mkdir(path, _harmless(attrs))

    def rmdir(self, path: bytes) -> None:
        self.may_change(path)
        super().rmdir(path)

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        if os.path.lexists(self.itself(newpath)):
            raise SFTPFailure("A file of that name is there")
        self.posix_rename(oldpath, newpath)

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        self.may_change(oldpath)
        self.may_change(newpath)
        os.replace(self.itself(oldpath), self.itself(newpath))

    def setstat(self, path: bytes, attrs: SFTPAttrs) -> None:
        self.may_change(path)
        super().setstat(path, _harmless(attrs))

    def lsetstat(self, path: bytes, attrs: SFTPAttrs) -> None:
        self.may_change(path)
        super().lsetstat(path, _harmless(attrs))

    def fsetstat(self, file_obj: object, attrs: SFTPAttrs) -> None:
        super().fsetstat(file_obj, _harmless(attrs))

    def symlink(self, oldpath: bytes, newpath: bytes) -> None:
        raise SFTPPermissionDenied("Links are not made here")

    def link(self, oldpath: bytes, newpath: bytes) -> None:
        raise SFTPPermissionDenied("Links are not made here")

    def readlink(self, path: bytes) -> bytes:
        raise SFTPPermissionDenied("Links are not read here")


class _PartnerFolder(_Folder):
    """A partner's own folder: it writes in its inbox, and reads the rest."""

    def may_change(self, path: bytes) -> None:
        inside = posixpath.normpath(posixpath.join(b"/", path))
        if not inside.startswith(INBOX + b"/"):
            raise SFTPPermissionDenied("Only /inbox may be written")


def _harmless(attrs: SFTPAttrs) -> SFTPAttrs:
    """The attributes without owner and without the bits that make a file run as its owner."""
    attrs.uid = attrs.gid = attrs.owner = attrs.group = None
    if attrs.permissions is not None:
        attrs.permissions &= stat.S_IRWXU | stat.S_IRWXG | stat.S_IRWXO
    return attrs
