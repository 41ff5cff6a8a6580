"""Receive: from a partner's inbox into the landing, each file under a number of its own.

    inbox/<name>  ->  received/<file_no>_<name>  ->  landing/<partner>/<file_no>/original/<name>
        look              take                          land

`look` gives numbers to the files that have come to rest. `receive` takes one aside, where
nobody writes over it any more, and lands it. Each step finds out whether it was done before,
so that a process may be killed between any two and the work repeated.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from paramiko import SFTPClient
from sqlalchemy import Connection, Engine, Row, func, insert, null, select, text, update

from tembaga.agreements import Agreement
from tembaga.drop_zone import Entry, entry
from tembaga.inbox import aside, dropped, find, move_aside, senders
from tembaga.landing import FileChangedError, is_plain, land, original, sha256_of
from tembaga.register.locks import NUMBERING_LOCK
from tembaga.register.tables import files
from tembaga.settings import Settings

log = logging.getLogger(__name__)

FILE_LOCK = 7_214_003  # No other advisory lock of ours has it. With the file's number beside it.
READ_AHEAD = 64  # Requests under way at a time: enough for the line, and 2 MB of memory.


class NumberTakenError(Exception):
    """The drop zone holds a file under a number that the register has not given yet."""


def look(
    sftp: SFTPClient,
    engine: Engine,
    agreements: Mapping[str, Agreement],
    *,
    settings: Settings,
    now: datetime,
) -> list[int]:
    """Give numbers to the files that have come to rest; returns those that are to be received.

    Among these are the ones that an earlier run saw and did not receive. What changes between
    two looks is still being written and is left for the next time. A second call gives no
    second number to a file that still waits.

    Raises:
        NumberTakenError: The register was begun anew beside an old drop zone.
    """
    partners = senders(sftp, agreements)
    if before := dropped(sftp, partners):
        time.sleep(settings.settle_seconds)
    with engine.begin() as connection:
        # From here on nobody else gives numbers. What waits is read before the second look:
        # whatever another process takes in between is then missing from the look, too.
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": NUMBERING_LOCK})
        seen = _seen(connection)
        waiting = {file[:2]: file.file_no for file in seen if entry(sftp, aside(*file)) is None}
        after = dropped(sftp, partners) if before else {}
        settled = {key: found for key, found in after.items() if before.get(key) == found}
        new = _numbers(connection, [key for key in settled if key not in waiting])
        for (partner, name), found in settled.items():
            facts = _facts(found) | _verdict(partner, name, found, agreements, settings)
            if file_no := waiting.get((partner, name)):
                _change(connection, file_no, **facts)
            else:
                file_no = new[partner, name]
                _refuse_a_taken_number(sftp, aside(partner, name, file_no))
                _register(connection, file_no, partner=partner, name=name, seen_at=now, **facts)
    restless = {waiting.get(key) for key in after.keys() - settled.keys()}
    log.info("%d new files, %d still being written", len(new), len(after) - len(settled))
    return sorted({*(file.file_no for file in seen), *new.values()} - restless)


def receive(sftp: SFTPClient, engine: Engine, file_no: int, *, settings: Settings) -> None:
    """Land the file that `look` gave this number; or refuse it, if that is what look found.

    A second call changes nothing. Stopped at any instant, the next call goes on.

    Raises:
        FileChangedError: It is still being written; nothing was done.
    """
    with engine.begin() as connection:
        connection.execute(
            text("select pg_advisory_xact_lock(:key, :file_no)"),
            {"key": FILE_LOCK, "file_no": file_no},
        )
        file = connection.execute(select(files).where(files.c.file_no == file_no)).one()
        if file.state == "seen":
            _change(connection, file_no, **_received(sftp, file, settings))
    log.info("file %d of %s is received", file_no, file.partner)


def _received(sftp: SFTPClient, file: Row[Any], settings: Settings) -> dict[str, Any]:
    """Take the file and land it; returns what the register is to say of it."""
    taken = _taken(sftp, file, settings)
    if taken is None:
        return _refused("E_FILE_GONE")
    if file.code in ("E_FILE_NAME", "E_FILE_TOO_LARGE"):
        return {"state": "refused"}
    if taken.size_bytes > settings.max_file_bytes:
        return _refused(
            "E_FILE_TOO_LARGE",
            size_bytes=taken.size_bytes,
            limit_bytes=settings.max_file_bytes,
        )
    path = original(settings.landing, file.partner, file.file_no, file.name)
    if not path.exists():
        _download(sftp, aside(file.partner, file.name, file.file_no), taken, path)
    state = "refused" if file.code else "landed"
    return {"state": state, "sha256": sha256_of(path), **_facts(taken)}


def _taken(sftp: SFTPClient, file: Row[Any], settings: Settings) -> Entry | None:
    """Move the file aside, if that was not done before; None if the partner removed it."""
    to = aside(file.partner, file.name, file.file_no)
    if taken := entry(sftp, to):
        return taken
    found = find(sftp, file.partner, file.name)
    if found is None:
        return None
    if _facts(found) != {"size_bytes": file.size_bytes, "modified_at": file.modified_at}:
        time.sleep(settings.settle_seconds)
        if find(sftp, file.partner, file.name) != found:
            raise FileChangedError(f"File {file.file_no} is still being written")
    move_aside(sftp, file.partner, found, to)
    return entry(sftp, to)


def _download(sftp: SFTPClient, source: bytes, taken: Entry, path: Path) -> None:
    with sftp.open(source, "rb") as remote:
        remote.prefetch(taken.size_bytes, READ_AHEAD)
        land(
            remote,
            path,
            size_bytes=taken.size_bytes,
            is_unchanged=lambda: entry(sftp, source) == taken,
        )


def _verdict(
    partner: str,
    name: str,
    found: Entry,
    agreements: Mapping[str, Agreement],
    settings: Settings,
) -> dict[str, Any]:
    """What can be said against a file before it is opened."""
    if not is_plain(name):
        return {"code": "E_FILE_NAME", "detail": {}}
    if partner not in agreements:
        return {"code": "E_FILE_SENDER", "detail": {}}
    feed = agreements[partner].feed_of(name)
    limit = min(settings.max_file_bytes, feed.max_bytes if feed else settings.max_file_bytes)
    if found.size_bytes > limit:
        detail = {"size_bytes": found.size_bytes, "limit_bytes": limit}
        return {"code": "E_FILE_TOO_LARGE", "detail": detail}
    return {"code": None, "detail": null()}


def _refused(code: str, **detail: int) -> dict[str, Any]:
    return {"state": "refused", "code": code, "detail": detail}


def _facts(found: Entry) -> dict[str, Any]:
    return {
        "size_bytes": found.size_bytes,
        "modified_at": datetime.fromtimestamp(found.modified_at, UTC),
    }


def _seen(connection: Connection) -> Sequence[Row[str, str, int]]:
    """The files that have a number and have not landed yet."""
    return connection.execute(
        select(files.c.partner, files.c.name, files.c.file_no)
        .where(files.c.state == "seen")
        .order_by(files.c.file_no)
    ).all()


def _numbers(connection: Connection, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    last = connection.scalar(select(func.coalesce(func.max(files.c.file_no), 0))) or 0
    return {key: last + place for place, key in enumerate(keys, start=1)}


def _refuse_a_taken_number(sftp: SFTPClient, path: bytes) -> None:
    """What lies there later must be the file that this number was given to."""
    if entry(sftp, path) is not None:
        raise NumberTakenError(
            f"On the drop zone lies {path.decode()!r}, but the register has not given that "
            "number yet: it was begun anew. Move the old files out of `received`."
        )


def _register(connection: Connection, file_no: int, **facts: Any) -> None:
    connection.execute(insert(files).values(file_no=file_no, state="seen", **facts))


def _change(connection: Connection, file_no: int, **facts: Any) -> None:
    connection.execute(update(files).where(files.c.file_no == file_no).values(**facts))
