"""Mail goes to a server that wants a password, in secret, and to no other."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr
from servers import free_port

from tembaga.mail import Mail, MailServerUnreachableError, open_mail_server
from tembaga.settings import Settings, load_settings

PASSWORD = "k0per"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
MAIL = Mail("1", "Budi", "budi@bengkel.example", "office@tembaga.example", "Poin", "a", "<p>a</p>")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that signs itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "both.pem"
    form, as_it_is = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, as_it_is)
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


@contextmanager
def wary_server(certificate: Path, security: str) -> Iterator[int]:
    """A mail server that takes mail in secret only, and from those who know the password."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    def knows(_server: object, _session: object, _envelope: object, _how: str, said: object):
        right = LoginPassword(b"tembaga", PASSWORD.encode())
        return AuthResult(success=said == right, handled=False)  # The server says the rest.

    options = {"hostname": "127.0.0.1", "port": free_port(), "authenticator": knows}
    options |= {"auth_required": True}
    if security == "tls":
        options |= {"ssl_context": context, "auth_require_tls": False}
    else:
        options |= {"tls_context": context, "require_starttls": True}
    server = Controller(Sink(), **options)
    server.start()
    try:
        yield options["port"]
    finally:
        server.stop()


def reaching(home: Path, port: int, security: str, password: str = PASSWORD) -> Settings:
    return load_settings(
        home=home,
        smtp_port=port,
        smtp_security=security,
        smtp_user="tembaga",
        smtp_password=SecretStr(password),
    )


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_is_handed_over_in_secret_with_a_password(
    security: str, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with wary_server(certificate, security) as port:
        with open_mail_server(reaching(tmp_path, port, security)) as server:
            server.deliver(MAIL, now=NOW)
        with open_mail_server(reaching(tmp_path, port, security, "guessed")) as server:
            with pytest.raises(MailServerUnreachableError, match="does not let us in") as raised:
                server.deliver(MAIL, now=NOW)

    assert "guessed" not in str(raised.value)
    assert "535" in str(raised.value)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_no_password_is_told_to_a_server_that_nobody_vouches_for(
    security: str, certificate: Path, tmp_path: Path
):
    with wary_server(certificate, security) as port:
        with open_mail_server(reaching(tmp_path, port, security)) as server:
            with pytest.raises(MailServerUnreachableError, match="CERTIFICATE_VERIFY_FAILED"):
                server.deliver(MAIL, now=NOW)
