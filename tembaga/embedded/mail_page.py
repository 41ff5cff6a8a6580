"""The mail catcher of docker-compose: it keeps every mail, and shows them on a page.

    python -m tembaga.embedded.mail_page FOLDER     catch at port 2525, show at port 8025
    python -m tembaga.embedded.mail_page healthy    whether both answer

A mail is shown as its HTML part stands, where no script runs and nothing is fetched.
"""

import smtplib
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from html import escape
from http import HTTPStatus
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

from tembaga.embedded.mail_catcher import mail_catcher

EVERYWHERE = "0.0.0.0"  # noqa: S104 - inside a container, whose published ports decide.
SMTP_PORT = 2525
PAGE_PORT = 8025
NEWEST = 500  # What the list shows.

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox"
_LIST = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Mails</title>
<style>body {{font: 16px sans-serif; margin: 2em}} td {{padding: .2em 1em .2em 0}}</style>
<h1>{number} mails</h1><table>{rows}</table></html>"""
_ROW = '<tr><td>{date}<td>{to}<td><a href="/{name}">{subject}</a>'


@contextmanager
def mail_page(folder: Path, *, port: int, address: str = EVERYWHERE) -> Iterator[int]:
    """Show the mails of a folder until left; gives the port."""

    class Page(_Page):
        mails = folder

    with ThreadingHTTPServer((address, port), Page) as server:
        threading.Thread(target=server.serve_forever, name="mail-page", daemon=True).start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()


class _Page(BaseHTTPRequestHandler):
    """The list at `/`, and each mail under its name."""

    mails: Path
    server_version = "mails"
    sys_version = ""

    def do_GET(self) -> None:
        name = unquote(self.path.partition("?")[0])[1:]
        page = self._list() if not name else self._mail(name)
        self.send_response(HTTPStatus.OK if page else HTTPStatus.NOT_FOUND)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write((page or "There is no such mail.").encode())

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its name there.
        """Say nothing: who looks at which mail is no business of a log."""

    def _list(self) -> str:
        paths = sorted(self.mails.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        rows = [_row(path) for path in reversed(paths[-NEWEST:])]
        return _LIST.format(number=len(paths), rows="\n".join(rows))

    def _mail(self, name: str) -> str | None:
        known = {path.name: path for path in self.mails.glob("*.eml")}
        if name not in known:
            return None
        body = _read(known[name]).get_body(("html", "plain"))
        if body is None:
            return "This mail has no text."
        text = str(body.get_content())
        return text if body.get_content_subtype() == "html" else f"<pre>{escape(text)}</pre>"


def _row(path: Path) -> str:
    mail = _read(path)
    return _ROW.format(
        date=escape(str(mail["Date"])),
        to=escape(str(mail["To"])),
        subject=escape(str(mail["Subject"] or "no subject")),
        name=escape(quote(path.name)),
    )


def _read(path: Path) -> EmailMessage:
    return message_from_bytes(path.read_bytes(), policy=default_policy)


def answers(*, smtp_port: int = SMTP_PORT, page_port: int = PAGE_PORT) -> bool:
    """Whether mail is taken and the page is shown."""
    try:
        with smtplib.SMTP("127.0.0.1", smtp_port, timeout=3) as server:
            server.noop()
        page = HTTPConnection("127.0.0.1", page_port, timeout=3)
        page.request("GET", "/nothing")
        return page.getresponse().status == HTTPStatus.NOT_FOUND
    except (OSError, smtplib.SMTPException):
        return False


def main(arguments: list[str]) -> int:
    """Do what is asked; returns the exit code."""
    if arguments == ["healthy"]:
        return 0 if answers() else 1
    [folder] = map(Path, arguments)
    with (
        mail_catcher(folder, preferred_port=SMTP_PORT, address=EVERYWHERE),
        mail_page(folder, port=PAGE_PORT),
    ):
        threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
