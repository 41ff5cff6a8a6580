"""The page of the mail catcher shows what was caught, and runs nothing of it."""

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from tembaga.embedded.mail_catcher import mail_catcher
from tembaga.embedded.mail_page import answers, mail_page


@pytest.fixture
def page(tmp_path: Path) -> Iterator[httpx.Client]:
    with (
        mail_catcher(tmp_path, preferred_port=0) as smtp_port,
        mail_page(tmp_path, port=0, address="127.0.0.1") as port,
        smtplib.SMTP("127.0.0.1", smtp_port) as server,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        message = EmailMessage()
        message["Subject"] = "302 points <b>available</b>"
        message["From"], message["To"] = "us@tembaga.example", "agus@bengkel.example"
        message["Message-ID"] = "<statement-1@tembaga.example>"
        message.set_content("plain")
        message.add_alternative("<p>Saldo: 302</p><script>alert(1)</script>", subtype="html")
        server.send_message(message)
        assert answers(smtp_port=smtp_port, page_port=port)
        yield client


def test_the_list_leads_to_each_mail(page: httpx.Client) -> None:
    listed = page.get("/").text

    assert "1 mails" in listed
    assert "302 points &lt;b&gt;available&lt;/b&gt;" in listed
    assert 'href="/statement-1%40tembaga.example.eml"' in listed
    assert "Saldo: 302" in page.get("/statement-1%40tembaga.example.eml").text


def test_a_mail_runs_no_script_and_fetches_nothing(page: httpx.Client) -> None:
    headers = page.get("/statement-1%40tembaga.example.eml").headers

    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["content-security-policy"].endswith("sandbox")


@pytest.mark.parametrize("path", ["/nothing.eml", "/..%2F..%2Fetc%2Fpasswd", "/%00"])
def test_nothing_but_a_mail_is_shown(page: httpx.Client, path: str) -> None:
    assert page.get(path).status_code == 404


def test_what_does_not_listen_does_not_answer() -> None:
    assert not answers(smtp_port=1, page_port=1)
