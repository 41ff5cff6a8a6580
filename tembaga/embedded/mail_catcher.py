"""A mail server that keeps every message as a file, and sends none on."""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from email.parser import BytesHeaderParser
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from tembaga.embedded.loop import LOOPBACK, listening_socket, loop_thread

_PLAIN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+=@-]{0,180}")


@contextmanager
def mail_catcher(folder: Path, *, preferred_port: int, address: str = LOOPBACK) -> Iterator[int]:
    """Catch mail that comes to an address until left; gives the port.

    A message lies in `folder` as `<message-id>.eml`. One that comes again under its
    Message-ID takes its own place: a second sending is not a second mail.
    """
    folder.mkdir(parents=True, exist_ok=True)
    listener = listening_socket(preferred_port, address)
    with listener, loop_thread("mail-catcher") as thread:
        catcher = _Catcher(folder)
        server = thread.run(
            thread.loop.create_server(
                lambda: SMTP(catcher, hostname="localhost", enable_SMTPUTF8=True, loop=thread.loop),
                sock=listener,
            )
        )
        try:
            yield listener.getsockname()[1]
        finally:
            thread.loop.call_soon_threadsafe(server.close)


class _Catcher:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it by the SMTP command.
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        message = envelope.content
        if not isinstance(message, bytes):
            return "554 The message is not bytes"
        path = self._folder / f"{_name(message)}.eml"
        part = path.with_name(f".{path.name}.part")
        part.write_bytes(message)
        os.replace(part, path)
        return "250 Kept"


def _name(message: bytes) -> str:
    """The Message-ID if it makes a plain file name, otherwise a digest that stands for it."""
    message_id = str(BytesHeaderParser().parsebytes(message)["Message-ID"] or "").strip(" <>\t\r\n")
    if _PLAIN_ID.fullmatch(message_id):
        return message_id
    return hashlib.sha256(message_id.encode(errors="replace") or message).hexdigest()
