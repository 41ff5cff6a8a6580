"""A file can be tried before it is received: each line is told of, and nothing is kept."""

import csv
import io
from datetime import date
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from expectations.codes import CODES
from tembaga.agreements import AgreementError, read_agreement
from tembaga.cli import app
from tembaga.settings import PROJECT, Settings
from tembaga.trial import TrialError, attempt, find_agreement

INBOUND = PROJECT / "sftp_inbound"


SAMPLES = sorted(path for path in INBOUND.glob("*/samples/*") if path.suffix in (".csv", ".xlsx"))
DAY = date(2026, 2, 3)
HEADERS = ("document", "document_date", "advocate", "sku", "quantity", "amount")
LINE = ("F-1", "2026-01-07", "RJ-0001", "RJW-M101", "2", "100.50")


def write(folder: Path, *lines: tuple[str, ...], **columns: dict) -> tuple[Path, Path]:
    """A file of these lines and its agreement, in which `columns` differ from the plainest."""
    file, agreement = folder / "sales.csv", folder / "agreement.yml"
    file.write_text("".join(",".join(row) + "\n" for row in (HEADERS, *lines)), encoding="utf-8")
    sales = {"files": "sales*.csv", "format": "csv", "currency": "IDR"}
    headers = {name: {"header": name} for name in HEADERS}
    sales["columns"] = headers | {"outlet": {"constant": "JKT-01"}} | columns
    agreed = {"partner": "north", "number": 9, "kind": "distributor", "name": "North"}
    agreed |= {"programme": "demo", "language": "en", "feeds": {"sales": sales}}
    agreed["contact"] = {"name": "Someone", "email": "someone@north.example"}
    agreement.write_text(yaml.safe_dump(agreed), encoding="utf-8")
    return file, agreement


def tried(file: Path, agreement: Path, settings: Settings) -> list[dict[str, object]]:
    """What would become of each line, as a program reads it."""
    found = attempt(file, read_agreement(agreement), settings=settings, today=DAY)
    return [dict(zip(found.judged.columns, row, strict=True)) for row in found.judged.rows]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_sample_would_be_taken_whole_and_nothing_is_written(path, settings):
    agreement = find_agreement(path, settings, None)

    trial = attempt(path, agreement, settings=settings, today=DAY)

    lines = dict(row[:2] for row in trial.sums.rows)["in"]
    assert trial.verdict == f"It would be taken whole: all of its {lines} lines are accepted."
    assert len(trial.judged.rows) == lines >= 2
    assert not settings.root.exists()


def test_every_line_is_told_with_what_was_read_and_why(tmp_path, settings):
    wrong = ("F-2", "07/01/2026", "", "RJW-M101", "two", "5")
    file, agreement = write(tmp_path, LINE, wrong)

    first, *others = tried(file, agreement, settings)

    assert (first["outcome"], first["outlet"], first["quantity"]) == ("accepted", "JKT-01", "2")
    assert first["document_date"] == date(2026, 1, 7)
    assert first["amount"] == "100.5"
    assert {(row["code"], row["column"], row["seen"]) for row in others} == {
        ("E_DATE", "document_date", "07/01/2026"),
        ("E_QUANTITY", "quantity", "two"),
        ("E_ADVOCATE_MISSING", "advocate", None),
    }
    assert {row["send_again"] for row in others} == {"yes"}
    assert CODES["E_QUANTITY"].hint_en in {row["hint"] for row in others}


def test_an_empty_cell_says_the_default(tmp_path, settings):
    empty = ("F-2", "2026-01-07", " ", "RJW-M101", "1", "5")
    default = {"advocate": {"header": "advocate", "default": "rj-0009", "upper": True}}
    file, agreement = write(tmp_path, LINE, empty, **default)

    assert [row["advocate"] for row in tried(file, agreement, settings)] == ["RJ-0001", "RJ-0009"]


def test_what_a_draft_has_left_open_is_explained(tmp_path, settings):
    file, agreement = write(tmp_path, LINE, advocate={"header": "?? advocate"})

    trial = attempt(file, read_agreement(agreement), settings=settings, today=DAY)

    assert trial.verdict.startswith("It would be refused with E_FILE_HEADER: ")
    assert trial.remarks[0] == (
        "feeds.sales.columns.advocate.header is still to be filled in; it says '?? advocate'."
    )


OUTLET_HEADERS = ("outlet", "name", "address", "city", "province")
OUTLET = ("O-1", "Bengkel Jaya", "Jl. Melati 1", "Bogor", "Jawa Barat")


def plain(folder: Path, feed: str, headers: tuple[str, ...], *lines: tuple[str, ...], kind: str):
    """A file of a plain feed whose columns are called as ours are, and its agreement."""
    file = folder / f"{feed}.csv"
    file.write_text("".join(",".join(row) + "\n" for row in (headers, *lines)), encoding="utf-8")
    _, path = write(folder)
    agreed = yaml.safe_load(path.read_text(encoding="utf-8")) | {"kind": kind}
    if kind == "merchant":
        del agreed["feeds"]["sales"]
    columns = {name: {"header": name} for name in headers}
    agreed["feeds"][feed] = {"files": f"{feed}.csv", "format": "csv", "columns": columns}
    path.write_text(yaml.safe_dump(agreed), encoding="utf-8")
    return file, path


def test_every_line_of_a_plain_feed_is_told_of(tmp_path, settings):
    nowhere = ("O-2", "Bengkel Mawar", "", "Bogor", "Jawa Barat")
    file, path = plain(
        tmp_path, "outlets", OUTLET_HEADERS, OUTLET, nowhere, OUTLET, kind="distributor"
    )

    trial = attempt(file, read_agreement(path), settings=settings, today=DAY)

    told = [dict(zip(trial.judged.columns, row, strict=True)) for row in trial.judged.rows]
    assert [(row["line_no"], row["outcome"], row["code"], row["column"]) for row in told] == [
        (2, "accepted", None, None),
        (3, "rejected", "E_MISSING", "address"),
        (4, "duplicate", "DUPLICATE", "outlet"),
    ]
    assert told[0]["name"] == "Bengkel Jaya"
    assert trial.sums.columns == ("outcome", "lines")
    assert trial.verdict == "It would be taken: 1 of its 3 lines are accepted."


def test_no_voucher_code_is_told(tmp_path, settings):
    claim, mistyped = ("K7MQ2-XH9TW-7", "2026-01-28", "50"), ("K7MQ2-XH9TW-8", "2026-01-28", "50")
    columns = ("code", "used_on", "amount")
    file, path = plain(tmp_path, "claims", columns, claim, mistyped, kind="merchant")

    trial = attempt(file, read_agreement(path), settings=settings, today=DAY)

    told = [dict(zip(trial.judged.columns, row, strict=True)) for row in trial.judged.rows]
    assert [(row["outcome"], row["code"]) for row in told] == [
        ("accepted", None),
        ("rejected", "E_VOUCHER_CODE"),
    ]
    assert "K7MQ2" not in str(trial)
    assert trial.remarks[0].startswith("Whether vouchers are known was not checked")


def test_it_is_said_what_was_not_checked(tmp_path, settings):
    trial = attempt(
        *(lambda file, agreed: (file, read_agreement(agreed)))(*write(tmp_path, LINE)),
        settings=settings,
        today=DAY,
    )

    assert [remark.split(" was not checked")[0] for remark in trial.remarks] == [
        "Whether advocates and outlets are enrolled",
        "Whether the file, or lines of it, came before",
    ]


def test_a_name_that_was_not_agreed_is_refused(tmp_path, settings):
    file, agreement = write(tmp_path, LINE)
    other = file.rename(tmp_path / "stock.csv")

    (row,) = tried(other, agreement, settings)

    assert (row["outcome"], row["code"]) == ("refused", "E_FILE_NOT_AGREED")


def test_without_an_agreement_that_fits_one_must_be_named(tmp_path, settings):
    (tmp_path / "stock.csv").touch()

    with pytest.raises(TrialError, match=r"No agreements have a pattern that fits 'stock.csv'"):
        find_agreement(tmp_path / "stock.csv", settings, None)


def test_a_file_or_an_agreement_that_is_not_there_is_said_so(tmp_path, settings):
    _, agreement = write(tmp_path, LINE)

    with pytest.raises(TrialError, match="No such file"):
        attempt(tmp_path / "x.csv", read_agreement(agreement), settings=settings, today=DAY)
    with pytest.raises(AgreementError, match="No such file"):
        find_agreement(tmp_path / "x.csv", settings, tmp_path / "nowhere.yml")


def test_the_command_gives_programs_every_line(tmp_path):
    file, _ = write(tmp_path, LINE)

    run = CliRunner().invoke(
        app, ["--home", str(tmp_path / "home"), "agreement", "try", str(file), "--format", "csv"]
    )

    (row,) = csv.DictReader(io.StringIO(run.stdout))
    assert (row["line_no"], row["sku"], row["amount"]) == ("2", "RJW-M101", "100.5")
    assert "came before was not checked" in run.stderr


def test_the_command_ends_with_1_if_the_file_would_be_refused(tmp_path):
    file, _ = write(tmp_path)

    run = CliRunner().invoke(app, ["--home", str(tmp_path / "home"), "agreement", "try", str(file)])

    assert run.exit_code == 1
    assert "It would be refused with E_FILE_EMPTY" in run.stdout
