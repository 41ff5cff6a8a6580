"""Mail: one connection to the mail server, and what became of each mail."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from tembaga.settings import Settings

TIMEOUT_SECONDS = 30
CLOSING_DOWN = 421  # The server's reply when it hangs up; nothing is wrong with the mail.


class MailServerUnreachableError(Exception):
    """The mail server does not answer or let us in; the sentence says where it was looked for."""


class MailRefusedError(Exception):
    """The server will not take this mail; the sentence is the server's."""


@dataclass(frozen=True)
class Mail:
    """A mail of one content in HTML and plain text.

    `name` makes its Message-ID: the same name is the same mail, however often it is sent.
    """

    name: str
    to_name: str
    to_address: str
    reply_to: str
    subject: str
    text: str
    html: str


@dataclass
class MailServer:
    """A mail server, connected when the first mail is sent."""

    settings: Settings
    _connection: smtplib.SMTP | None = field(default=None, init=False)

    def deliver(self, mail: Mail, *, now: datetime) -> None:
        """Hand one mail over; when this returns, the server has taken it.

        A connection that broke is opened once more. The server may by then have taken the
        mail: the second carries the same Message-ID, so that they can be known as one.

        Raises:
            MailRefusedError: The server refused its recipient or its content.
            MailServerUnreachableError: Nobody answers, or hangs up twice.
        """
        message = compose(mail, sender=self.settings.mail_from, now=now)
        try:
            self._hand_over(message)
        except _HungUpError:
            self.close()
            try:
                self._hand_over(message)
            except _HungUpError as error:
                raise self._unreachable(error) from error

    def close(self) -> None:
        """Say goodbye, if anybody is there to hear it."""
        if self._connection is not None:
            with suppress(OSError):
                self._connection.quit()
            self._connection.close()
            self._connection = None

    def _hand_over(self, message: EmailMessage) -> None:
        connection = self._connected()
        try:
            connection.send_message(message)
        except smtplib.SMTPRecipientsRefused as refused:
            [(code, reply)] = refused.recipients.values()
            raise _refusal(code, reply) from refused
        except smtplib.SMTPServerDisconnected as error:
            raise _HungUpError(str(error)) from error
        except smtplib.SMTPResponseException as refused:
            raise _refusal(refused.smtp_code, refused.smtp_error) from refused
        except smtplib.SMTPNotSupportedError as error:
            raise MailRefusedError(str(error)) from error
        except OSError as error:
            raise _HungUpError(str(error)) from error

    def _connected(self) -> smtplib.SMTP:
        if self._connection is None:
            try:
                self._connection = self._connect()
            except OSError as error:
                raise self._unreachable(error) from error
        return self._connection

    def _connect(self) -> smtplib.SMTP:
        """Connect as the settings say: whether in secret, and as whom.

        A server whose certificate is not that of its name is one that is not reached.
        """
        settings = self.settings
        where = (settings.smtp_host, settings.smtp_port, domain_of(settings.mail_from))
        if settings.smtp_security == "tls":
            secret = ssl.create_default_context()
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                *where, timeout=TIMEOUT_SECONDS, context=secret
            )
        else:
            connection = smtplib.SMTP(*where, timeout=TIMEOUT_SECONDS)
        try:
            if settings.smtp_security == "starttls":
                connection.starttls(context=ssl.create_default_context())
            if settings.smtp_user and settings.smtp_password:
                connection.login(settings.smtp_user, settings.smtp_password.get_secret_value())
        except OSError:
            connection.close()
            raise
        return connection

    def _unreachable(self, error: Exception) -> MailServerUnreachableError:
        is_there = isinstance(error, (smtplib.SMTPResponseException, smtplib.SMTPNotSupportedError))
        return MailServerUnreachableError(
            f"The mail server at {self.settings.smtp_host}:{self.settings.smtp_port} "
            f"{'does not let us in' if is_there else 'does not answer'} ({error}). "
            "Check the TEMBAGA_SMTP_… settings, and that it runs."
        )


@contextmanager
def open_mail_server(settings: Settings) -> Iterator[MailServer]:
    """The mail server of these settings; connected only if something is sent."""
    server = MailServer(settings)
    try:
        yield server
    finally:
        server.close()


def compose(mail: Mail, *, sender: str, now: datetime) -> EmailMessage:
    """Write the mail as the server takes it.

    Raises:
        MailRefusedError: Its address cannot be one.
    """
    message = EmailMessage(policy=SMTP)
    message["Message-ID"] = f"<{mail.name}@{domain_of(sender)}>"
    message["Date"] = format_datetime(now)
    message["From"] = sender
    message["Reply-To"] = mail.reply_to
    message["Subject"] = mail.subject
    message["Auto-Submitted"] = "auto-generated"  # Nobody's holiday notice answers it.
    try:
        message["To"] = Address(mail.to_name, addr_spec=mail.to_address)
    except (ValueError, IndexError, MessageError) as error:
        raise MailRefusedError(f"not a mail address: {mail.to_address!r}") from error
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    return message


def domain_of(sender: str) -> str:
    """The part after the @ of a sender such as `Tembaga <statements@tembaga.example>`."""
    return parseaddr(sender)[1].rpartition("@")[2]


class _HungUpError(Exception):
    """The connection broke while a mail was handed over."""


def _refusal(code: int, reply: bytes | str) -> Exception:
    said = reply.decode(errors="replace") if isinstance(reply, bytes) else reply
    return _HungUpError(said) if code == CLOSING_DOWN else MailRefusedError(f"{code} {said}")
