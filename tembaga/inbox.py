"""Inboxes: what the partners have dropped, and where it goes when it is taken.

Everything here comes from outside. A name is looked at before it is used: folders, links and
what is still being written are left alone, and a name that is not plain is kept in the
register with its odd characters spelled out.
"""

import hashlib
import logging
import re
from collections.abc import Iterable, Mapping

from paramiko import SFTPClient

from tembaga.agreements import Agreement
from tembaga.drop_zone import Entry, at, entries, entry, make_folder, naming
from tembaga.landing import is_plain

log = logging.getLogger(__name__)

Dropped = dict[tuple[str, str], Entry]  # By partner and name, in the order they get numbers.

_STILL_BEING_WRITTEN = (b".part", b".tmp", b".filepart")
_PARTNER = re.compile(r"[a-z][a-z0-9_]{1,40}")
_SPELLED_CHARACTERS = 160


def senders(sftp: SFTPClient, agreements: Mapping[str, Agreement]) -> list[str]:
    """Whose inboxes are looked into: partners by number, then folders without an agreement."""
    folders = [e.name.decode("ascii", "replace") for e in entries(sftp, "/") if e.is_folder]
    unknown = [
        folder
        for folder in folders
        if folder not in agreements
        and _PARTNER.fullmatch(folder)
        and entry(sftp, at(folder, "inbox")) is not None
    ]
    known = sorted(agreements.values(), key=lambda agreement: agreement.number)
    return [*(agreement.partner for agreement in known), *unknown]


def dropped(sftp: SFTPClient, partners: Iterable[str]) -> Dropped:
    """The files in the inboxes, by partner in the order given and then by name."""
    return {
        (partner, written(found.name)): found
        for partner in partners
        for found in _inbox(sftp, partner)
        if _is_finished(found)
    }


def written(name: bytes) -> str:
    """A name as the register keeps it: itself if it is plain, otherwise spelled out.

    Two names are never written the same.
    """
    text = name.decode("utf-8", "surrogateescape")
    if is_plain(text):
        return text
    spelled = text.encode("unicode_escape").decode("ascii")
    if len(spelled) <= _SPELLED_CHARACTERS:
        return spelled
    return f"{spelled[:_SPELLED_CHARACTERS]}\\…{hashlib.sha256(name).hexdigest()}"


def aside(partner: str, name: str, file_no: int) -> bytes:
    """Where a file lies on the drop zone once it is taken: under its number."""
    plain = f"_{name}" if is_plain(name) else ""
    return at(f"{partner}/received", f"{file_no:08d}{plain}")


def find(sftp: SFTPClient, partner: str, name: str) -> Entry | None:
    """The file that is written so in a partner's inbox, if it is there."""
    if is_plain(name):
        found = entry(sftp, at(f"{partner}/inbox", name))
        return found if found is not None and found.is_file else None
    return next((f for f in _inbox(sftp, partner) if f.is_file and written(f.name) == name), None)


def move_aside(sftp: SFTPClient, partner: str, found: Entry, to: bytes) -> None:
    """Take a file out of the inbox; never over another one."""
    make_folder(sftp, f"{partner}/received")
    with naming(to):
        sftp.rename(at(f"{partner}/inbox", found.name), to)


def _inbox(sftp: SFTPClient, partner: str) -> list[Entry]:
    try:
        return entries(sftp, f"{partner}/inbox")
    except (FileNotFoundError, PermissionError) as error:
        log.warning("the inbox of %s cannot be read: %s", partner, error)
        return []


def _is_finished(found: Entry) -> bool:
    """Whether it is a file whose name does not say that it is still being written."""
    return (
        found.is_file
        and not found.name.startswith(b".")
        and not found.name.lower().endswith(_STILL_BEING_WRITTEN)
        and not {b"/"[0], 0} & set(found.name)  # No file can have such a name: the server lies.
    )
