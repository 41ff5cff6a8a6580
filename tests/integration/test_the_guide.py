"""A new distributor is taken on as the pages say, and follows the guide with a plain client."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import drop_with_openssh

from tembaga.agreements import read_agreement
from tembaga.embedded.services import running
from tembaga.installation import Installation
from tembaga.proposals import draft, keep
from tembaga.register import migrate
from tembaga.register.enrol import enrol
from tembaga.settings import PROJECT, Settings, load_settings
from tembaga.stages import receive_files
from tembaga.trial import attempt, today

GUIDE = PROJECT / "sftp_inbound" / "README.md"
NAME = "PENJUALAN_20260301.csv"
HEADER = "No Nota;Tanggal;Kode Pelanggan;No Anggota;Kode Barang;Jumlah;Nilai DPP"
FILLED_IN = {
    "?? as it stands in answers": "PT Sinar Laut",
    "?? a person": "Sari",
    "?? their mail": "sari@sinar-laut.example",
}


def commands(language: str) -> list[str]:
    """What the guide lets a partner type, before and after its file is taken."""
    page = GUIDE.read_text(encoding="utf-8").split("## English")[language == "en"]
    sessions = re.findall(r"```text\n((?:sftp> .*\n)+)```", page)
    return [session.replace("sftp> ", "") for session in sessions]


@pytest.fixture
def sample(tmp_path: Path, settings: Settings) -> Path:
    """A file of a new distributor; one of its members is not enrolled, and one line is wrong."""
    day = today(read_agreement(PROJECT / "sftp_inbound/banyumili/agreement.yml"), settings)
    lines = [
        f"N-1;{day:%d/%m/%Y};BKL-003;RJ-0007;RJW-M101;2;1.250.000,50",
        f"N-1;{day:%d/%m/%Y};BKL-003;RJ-9999;RJW-M101;1;625.000,25",
        f"N-2;{day:%d/%m/%Y};BKL-003;RJ-0007;RJW-M101;1;625.000,25",
        f"N-2;{day:%d/%m/%Y};BKL-003;RJ-0007;RJW-M101;satu;10,50",
    ]
    path = tmp_path / NAME
    path.write_text("".join(f"{line}\n" for line in (HEADER, *lines)), encoding="utf-8")
    return path


@pytest.fixture
def taken_on(tmp_path: Path, settings: Settings, sample: Path) -> Settings:
    """The settings of an installation with this distributor alone: its draft was filled in."""
    inbound = tmp_path / "sftp_inbound"
    proposal = draft(sample, "sinar_laut", language="en", settings=settings)
    path = keep(proposal, inbound / "sinar_laut")
    text = path.read_text(encoding="utf-8")
    for placeholder, value in FILLED_IN.items():
        text = text.replace(placeholder, value)
    path.write_text(text.replace("%m/%d/%Y", "%d/%m/%Y"), encoding="utf-8")
    return load_settings(
        home=settings.home,
        agreements_folder=inbound,
        settle_seconds=0.05,
        drop_zone_port=0,
        smtp_port=0,
    )


@pytest.fixture
def open_house(taken_on: Settings) -> Iterator[Installation]:
    """That installation on its running services, with one outlet and one advocate."""
    story = PROJECT / "tests/end_to_end/a_day_in_the_ledger"
    with running(taken_on) as reachable, Installation(reachable) as here:
        migrate(here.engine)
        enrol(here.engine, outlets=story / "outlets.csv", advocates=story / "advocates.csv")
        yield here


def test_a_draft_that_was_filled_in_takes_the_sample(sample: Path, taken_on: Settings):
    agreement = read_agreement(taken_on.agreements / "sinar_laut" / "agreement.yml")

    trial = attempt(sample, agreement, settings=taken_on, today=today(agreement, taken_on))

    assert trial.verdict == "It would be taken: 3 of its 4 lines are accepted."


@pytest.mark.parametrize("language", ["id", "en"])
def test_the_guide_is_followed_with_a_plain_client(
    language: str,
    open_house: Installation,
    sample: Path,
    openssh: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    before, after = commands(language)
    monkeypatch.chdir(tmp_path)

    sent = drop_with_openssh(openssh["sftp"], open_house.settings, "sinar_laut", before)
    receive_files(open_house, lambda _: None)
    fetched = drop_with_openssh(openssh["sftp"], open_house.settings, "sinar_laut", after)

    assert (sent.returncode, fetched.returncode) == (0, 0), sent.stderr + fetched.stderr
    assert f"inbox/{NAME}" in sent.stdout
    assert f"received/00000001_{NAME}" in fetched.stdout
    answer = (tmp_path / f"00000001_{NAME}.ack.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.reader(answer.splitlines(), delimiter=";"))
    assert ["Accepted", "2", "1875000,75"] in rows
    told = {row[2]: (row[0], row[3], row[4], *row[8:]) for row in rows if len(row) == 10}
    assert told["E_QUANTITY"] == ("5", "Jumlah", "satu", "yes", "")
    assert told["E_ADVOCATE_UNKNOWN"] == (
        "3", "No Anggota", "RJ-9999", "only if it is wrong", "the advocate to be enrolled",
    )  # fmt: skip
    assert (tmp_path / f"00000001_{NAME}.ack.html").stat().st_size > 2000
