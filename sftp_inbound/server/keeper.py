"""Run the drop zone's sshd, and keep its accounts, folders and quotas as they should be.

    /etc/drop_zone/accounts/<partner>.json   an account, written by `tembaga partner add`
    /srv/drop_zone/<partner>/                what that partner sees as `/`
        inbox                                the partner writes, we take
        received, ack, vouchers              we write, the partner reads
    /run/drop_zone/                          the host key and the keys that sshd reads

Once a second, accounts that have come are let in and accounts that have gone are shut out, what
was taken out of an inbox becomes ours, and a partner over its quota is stopped from writing.
A partner's number is its user and its group, and the group of its inbox: there it is kept, so
that a new container finds the same owners.

It needs root, and nothing but Python's own library.
"""

import base64
import binascii
import json
import os
import re
import resource
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

ACCOUNTS = Path("/etc/drop_zone/accounts")
ZONE = Path("/srv/drop_zone")
RUN = Path("/run/drop_zone")
CONFIG = Path(__file__).with_name("sshd_config")
PORT = 2222

OFFICE = "tembaga"
OFFICE_ID = 900  # Of our account and of its group.
PARTNERS_ID = 901
FULL_ID = 902
FIRST_PARTNER_ID, LAST_PARTNER_ID = 20_000, 59_999
OUR_IDS = {OFFICE_ID, PARTNERS_ID, FULL_ID, *range(FIRST_PARTNER_ID, LAST_PARTNER_ID + 1)}

FOLDERS = ("inbox", "received", "ack", "vouchers")
LOOK_SECONDS = 1.0
LEAST_BYTES = 4096  # What a file counts at least: empty ones take room, too.

_NAME = re.compile(r"[a-z][a-z0-9_]{1,40}")
_KEY = re.compile(
    r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)"
    r"@openssh\.com) [A-Za-z0-9+/]+={0,2}"
)


class NotStartedError(Exception):
    """The drop zone cannot be started; the sentence says what is missing."""


@dataclass(frozen=True)
class Account:
    """What `tembaga partner add` has written of a partner."""

    keys: tuple[str, ...]
    folders: tuple[str, ...]
    quota_bytes: int


@dataclass
class Keeper:
    """All that is kept from one look to the next."""

    numbers: dict[str, int] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    full: set[str] = field(default_factory=set)
    taken_at: dict[str, int] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    def look(self) -> None:
        """Bring accounts, folders and quotas up to date. A second call changes nothing."""
        accounts = self._read_accounts()
        changed = accounts != self.accounts
        for partner in self.accounts.keys() - accounts.keys():
            (RUN / "keys" / partner).unlink(missing_ok=True)
            say(f"{partner} is shut out")
        for partner, account in accounts.items():
            if self.accounts.get(partner) != account:
                self.numbers[partner] = make_folders(partner, account)
                write_keys(partner, account.keys)
                say(f"{partner} is let in with {len(account.keys)} keys")
        gone = {self.numbers[partner] for partner in self.accounts.keys() - accounts.keys()}
        full = {partner for partner, account in accounts.items() if self._is_full(partner, account)}
        if changed or full != self.full:
            write_users({partner: self.numbers[partner] for partner in accounts}, full)
        for partner in full - self.full:
            say(f"{partner} is over its quota of {accounts[partner].quota_bytes} bytes")
        for partner in self.full - full:
            say(f"{partner} is within its quota again")
        hang_up(gone | {self.numbers[partner] for partner in full ^ (self.full & accounts.keys())})
        self.accounts, self.full = accounts, full

    def _read_accounts(self) -> dict[str, Account]:
        """The accounts as they are written. One that cannot be used is left out, and said once."""
        accounts, faults = {}, {}
        for path in sorted(ACCOUNTS.glob("*.json")):
            try:
                accounts[path.stem] = account_of(path.stem, json.loads(path.read_bytes()))
            except (OSError, ValueError, KeyError, TypeError) as error:
                faults[path.name] = repr(error)
                if self.faults.get(path.name) != repr(error):
                    say(f"the account {path.name} cannot be used: {error!r}")
        self.faults = faults
        return accounts

    def _is_full(self, partner: str, account: Account) -> bool:
        """Keep the files of a partner; whether they take more than its quota."""
        self._keep_taken(partner)
        return sum(readable(ZONE / partner / "inbox")) > account.quota_bytes

    def _keep_taken(self, partner: str) -> None:
        """Make our own what we have taken, so that nobody writes to it any more."""
        folder = ZONE / partner / "received"
        changed_at = folder.stat().st_mtime_ns
        if self.taken_at.get(partner) == changed_at:
            return
        for file, found in files_in(folder):
            if found.st_uid != OFFICE_ID:
                os.fchown(file, OFFICE_ID, OFFICE_ID)
                os.fchmod(file, 0o644)
        self.taken_at[partner] = changed_at


def account_of(partner: str, written: Mapping[str, object]) -> Account:
    """Check an account.

    Raises:
        ValueError, KeyError, TypeError: It is none.
    """
    keys, folders, quota = written["keys"], written["folders"], written["quota_bytes"]
    reserved = (OFFICE, "office", "partners", "full")
    if not _NAME.fullmatch(partner) or partner in reserved or is_of_the_system(partner):
        raise ValueError("its name cannot be that of an account")
    if not (isinstance(keys, list) and keys and all(_KEY.fullmatch(str(key)) for key in keys)):
        raise ValueError("its keys are not public keys as in `ssh-ed25519 AAAA…`")
    if not (isinstance(folders, list) and {"inbox", "received"} <= set(folders) <= set(FOLDERS)):
        raise ValueError(f"its folders are not some of {', '.join(FOLDERS)}")
    if not isinstance(quota, int) or quota <= 0:
        raise ValueError("its quota is no number of bytes")
    return Account(tuple(keys), tuple(folders), quota)


def make_folders(partner: str, account: Account) -> int:
    """Make the folders of a partner with the owners that they must have; returns its number."""
    home = ZONE / partner
    home.mkdir(mode=0o755, exist_ok=True)
    number = number_of(home) or max(map(number_of, ZONE.iterdir()), default=0) + 1
    number = max(number, FIRST_PARTNER_ID)
    for name in account.folders:
        folder = home / name
        folder.mkdir(mode=0o755, exist_ok=True)
        os.chown(folder, OFFICE_ID, number if name == "inbox" else OFFICE_ID)
        folder.chmod(0o770 if name == "inbox" else 0o755)
    return number


def number_of(home: Path) -> int:
    """The number of the partner whose folder this is, or 0 if it has none yet."""
    with suppress(OSError):
        number = (home / "inbox").lstat().st_gid
        return number if FIRST_PARTNER_ID <= number <= LAST_PARTNER_ID else 0
    return 0


def write_keys(name: str, keys: tuple[str, ...]) -> None:
    """Let sshd know the keys of an account."""
    _replace(RUN / "keys" / name, "".join(f"restrict {key}\n" for key in keys), mode=0o644)


def write_users(numbers: Mapping[str, int], full: set[str]) -> None:
    """Make users and groups of the accounts. All others of the system stay as they are."""
    users = {OFFICE: OFFICE_ID, **numbers}
    passwd = [f"{name}:*:{n}:{n}:drop zone:/:/usr/sbin/nologin\n" for name, n in users.items()]
    groups = [f"office:x:{OFFICE_ID}:\n", f"partners:x:{PARTNERS_ID}:{','.join(numbers)}\n"]
    groups += [f"full:x:{FULL_ID}:{','.join(sorted(full))}\n"]
    groups += [f"{name}:x:{number}:\n" for name, number in numbers.items()]
    for path, ours in (("/etc/group", groups), ("/etc/passwd", passwd)):
        _replace(Path(path), "".join([*of_the_system(path), *ours]), mode=0o644)


def of_the_system(path: str) -> list[str]:
    """The lines of a file of users or groups that are not ours."""
    with open(path, encoding="utf-8") as file:
        return [line for line in file if int(line.split(":")[2]) not in OUR_IDS]


def is_of_the_system(name: str) -> bool:
    """Whether a user or group of the system has that name."""
    lines = of_the_system("/etc/passwd") + of_the_system("/etc/group")
    return name in {line.split(":")[0] for line in lines}


def readable(inbox: Path) -> Iterator[int]:
    """Let our account read every file of an inbox; gives how much room each takes."""
    for file, found in files_in(inbox):
        wanted = stat.S_IMODE(found.st_mode) & 0o777 | 0o444
        if stat.S_IMODE(found.st_mode) != wanted:
            os.fchmod(file, wanted)
        yield max(LEAST_BYTES, found.st_blocks * 512)


def files_in(folder: Path) -> Iterator[tuple[int, os.stat_result]]:
    """The plain files of a folder, each opened for as long as it is looked at."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
    for name in names:
        with suppress(OSError), _opened(folder / name) as file:
            found = os.fstat(file)
            if stat.S_ISREG(found.st_mode):
                yield file, found


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        yield file
    finally:
        os.close(file)


def hang_up(numbers: set[int]) -> None:
    """End the sessions of these users: what they may do has changed."""
    for process in Path("/proc").glob("[0-9]*") if numbers else ():
        with suppress(OSError, ValueError):
            [user] = re.findall(r"^Uid:\t(\d+)", (process / "status").read_text(), re.M)
            if int(user) in numbers:
                os.kill(int(process.name), signal.SIGKILL)


def prepare(environment: Mapping[str, str]) -> None:
    """Put the host key and our own public key where sshd reads them.

    Raises:
        NotStartedError: One is missing, or is none.
    """
    (RUN / "keys").mkdir(parents=True, exist_ok=True)
    Path("/run/sshd").mkdir(exist_ok=True)
    try:
        host_key = base64.b64decode(environment["DROP_ZONE_HOST_KEY"], validate=True).decode()
        own_key = environment["DROP_ZONE_OWN_KEY_PUBLIC"]
    except KeyError as error:
        raise NotStartedError(f"{error.args[0]} is not set; `make env` makes it") from error
    except (binascii.Error, UnicodeDecodeError) as error:
        raise NotStartedError("DROP_ZONE_HOST_KEY is not a key in base64") from error
    if "PRIVATE KEY" not in host_key:
        raise NotStartedError("DROP_ZONE_HOST_KEY is not a private key in base64")
    if not _KEY.fullmatch(own_key):
        raise NotStartedError("DROP_ZONE_OWN_KEY_PUBLIC is not as in `ssh-ed25519 AAAA…`")
    _replace(RUN / "host_key", host_key, mode=0o600)
    write_keys(OFFICE, (own_key,))
    write_users({}, set())


def limit_files(environment: Mapping[str, str]) -> None:
    """Let no session write a file larger than agreed: the write fails, whatever the quota."""
    largest = int(environment.get("DROP_ZONE_MAX_FILE_BYTES") or 0)
    if largest > 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))


def run(arguments: list[str]) -> int:
    """Run sshd until it ends or we are told to; returns the exit code."""
    prepare(os.environ)
    limit_files(os.environ)
    keeper = Keeper()
    keeper.look()
    # What Python ignores, sshd then ignores, too: a file too large is an error, not a death.
    command = ["/usr/sbin/sshd", "-D", "-e", "-f", str(CONFIG), *arguments]
    sshd = subprocess.Popen(command, restore_signals=False, env={"PATH": "/usr/bin:/bin"})
    signal.signal(signal.SIGTERM, lambda *_: sshd.terminate())
    signal.signal(signal.SIGINT, lambda *_: sshd.terminate())
    fault = ""
    while sshd.poll() is None:
        time.sleep(LOOK_SECONDS)
        try:
            keeper.look()
        except OSError as error:  # As when the disk is full: partners may still fetch and remove.
            if fault != (fault := str(error)):
                say(f"accounts and quotas cannot be kept: {error}")
    return max(0, sshd.returncode)


def answers(port: int) -> bool:
    """Whether sshd greets whoever connects."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=3) as line:
        return line.recv(4) == b"SSH-"
    return False


def say(sentence: str) -> None:
    """Write a line to the log."""
    print(f"keeper: {sentence}", file=sys.stderr, flush=True)  # noqa: T201 - it is the log.


def _replace(path: Path, content: str, *, mode: int) -> None:
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    part.replace(path)


if __name__ == "__main__":
    if sys.argv[1:] == ["healthy"]:
        sys.exit(0 if answers(PORT) else 1)
    try:
        sys.exit(run(sys.argv[1:]))
    except NotStartedError as reason:
        say(str(reason))
        sys.exit(1)
