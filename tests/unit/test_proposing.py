"""A draft says what a sample shows, how sure that is, and never more."""

import gzip
import random
import shutil
import zipfile
from datetime import date
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
import yaml
from typer.testing import CliRunner

from tembaga.agreements import Agreement, AgreementError, load_agreements, read_agreement
from tembaga.cli import app
from tembaga.plain_feeds import PlainFeed
from tembaga.proposals import Drafted, draft, keep
from tembaga.proposing import Guess, Known, ProposalError, Subject, propose
from tembaga.settings import PROJECT, Settings, load_settings
from tembaga.trial import attempt

INBOUND = PROJECT / "sftp_inbound"
SAMPLES = sorted(path for path in INBOUND.glob("*/samples/*") if path.suffix in (".csv", ".xlsx"))
REAL = sorted((PROJECT.parent / "shared/data/online_retail").rglob("*.csv"))[:1]
DAY = date(2026, 2, 3)
SUBJECT = Subject("north", 7, "demo", "IDR", "en")
HEADER = "Invoice No,Date,Member,Shop,SKU,Qty,Amount"
LINE = "F-1,2026-01-13,A-1,O-1,RJW-M101,2,100.50"
FEW = "".join(f"{line}\n" for line in (HEADER, LINE, LINE, LINE))


def proposed(folder: Path, data: bytes | str, name: str = "sales.csv", known: Known | None = None):
    """What is guessed of a file, by field, and the remarks."""
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    proposal = propose(path, SUBJECT, known or Known())
    Agreement.model_validate(yaml.safe_load(proposal.text))
    return {guess.field: guess for guess in proposal.guesses}, proposal.remarks


def effects(file: Path, agreement: Agreement, settings: Settings) -> list[list[object]]:
    """What every line of a file is read as and becomes."""
    trial = attempt(file, agreement, settings=settings, today=DAY)
    assert trial.refusal is None, trial.verdict
    return [list(row) for row in trial.judged.rows]


def guess_of(drafted: Drafted, field: str) -> Guess:
    return next(guess for guess in drafted.guesses if guess.field == field)


def is_of_sales(path: Path) -> bool:
    agreement = read_agreement(path.parent.parent / "agreement.yml")
    return agreement.feed_of(path.name) == agreement.feeds.sales


def words_of(feed: PlainFeed) -> dict[str, dict[str, tuple[str, ...]]]:
    """The partner's words of each column of words."""
    return {name: getattr(column, "words", {}) for name, column in feed.columns.given().items()}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_draft_reads_a_sample_as_its_agreement_does(path, settings):
    agreed = read_agreement(path.parent.parent / "agreement.yml")

    drafted = draft(path, agreed.partner, language=agreed.language, settings=settings)

    agreement = Agreement.model_validate(yaml.safe_load(drafted.proposal.text))
    feed, meant = agreement.feed_of(path.name), agreed.feed_of(path.name)
    assert effects(path, agreement, settings) == effects(path, agreed, settings)
    assert (agreement.kind, feed.name, feed.files) == (agreed.kind, meant.name, meant.files)
    assert getattr(feed, "tax", None) == getattr(meant, "tax", None)
    assert guess_of(drafted, "feed").sure == "sure"


@pytest.mark.parametrize(
    "path", [path for path in SAMPLES if not is_of_sales(path)], ids=lambda path: path.name
)
def test_a_draft_of_a_plain_feed_has_the_columns_of_the_agreement(path, settings):
    agreed = read_agreement(path.parent.parent / "agreement.yml")

    drafted = draft(path, "new_partner", language="id", settings=settings)

    feed = Agreement.model_validate(yaml.safe_load(drafted.text)).feed_of(path.name)
    meant = agreed.feed_of(path.name)
    assert {name: column.header for name, column in feed.columns.named().items()} == {
        name: column.header for name, column in meant.columns.named().items()
    }
    assert words_of(feed) == words_of(meant)


@pytest.mark.skipif(not REAL, reason="the real invoice lines do not lie beside the project")
def test_a_real_file_is_drafted_but_for_what_it_does_not_have(tmp_path):
    guesses, _ = proposed(tmp_path, REAL[0].read_bytes(), REAL[0].name)

    assert guesses["files"].value == "*.csv"
    assert guesses["date_format"].value == "%Y-%m-%d %H:%M:%S"
    assert guesses["columns.outlet"].value == {"header": "CustomerID", "strip_suffix": ".0"}
    assert guesses["columns.unit_price"].value == {"header": "UnitPrice"}
    assert (guesses["columns.advocate"].value, guesses["columns.advocate"].sure) == (None, "open")


@pytest.mark.parametrize(
    ("day", "form", "sure"),
    [
        ("13/01/2026", "%d/%m/%Y", "sure"),
        ("01/13/2026", "%m/%d/%Y", "sure"),
        ("05/01/2026", "%d/%m/%Y", "open"),
        ("20260113", "%Y%m%d", "sure"),
        ("13-Jan-2026", "%d-%b-%Y", "sure"),
        ("2026-01-13 08:30:00", "%Y-%m-%d %H:%M:%S", "sure"),
    ],
)
def test_days_are_read_by_what_fits_and_doubt_is_said(tmp_path, day, form, sure):
    guesses, _ = proposed(tmp_path, FEW.replace("2026-01-13", day))

    assert (guesses["date_format"].value, guesses["date_format"].sure) == (form, sure)
    assert ("ask whether" in guesses["date_format"].evidence) == (sure == "open")


@pytest.mark.parametrize(
    ("amount", "marks", "sure"),
    [
        ("100.50", (".", ""), "sure"),
        ("100,50", (",", ""), "sure"),
        ("1.234,50", (",", "."), "sure"),
        ("1,234.50", (".", ","), "sure"),
        ("1.234", (",", "."), "open"),
        ("1,234", (".", ","), "open"),
        ("1234", (".", ""), "open"),
    ],
)
def test_marks_are_read_by_what_fits_and_doubt_is_said(tmp_path, amount, marks, sure):
    data = FEW.replace(",", ";").replace("100.50", amount)

    guesses, _ = proposed(tmp_path, data)

    found = (guesses["decimal_mark"], guesses["thousands_mark"])
    assert tuple(guess.value for guess in found) == marks
    assert {guess.sure for guess in found} == {sure}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252"])
def test_text_is_read_in_any_encoding_and_with_any_delimiter(tmp_path, delimiter, encoding):
    text = FEW.replace(",", delimiter).replace("O-1", "Café – 1")

    guesses, _ = proposed(tmp_path, text.encode(encoding))

    assert guesses["delimiter"].value == delimiter
    assert guesses["encoding"].value == encoding.removesuffix("-sig")
    assert guesses["columns.sku"].value == {"header": "SKU"}


def test_a_column_is_sure_only_if_its_codes_are_known(tmp_path):
    known = Known(products=frozenset(["RJW-M101"]), outlets=frozenset(["X"]))

    guesses, remarks = proposed(tmp_path, FEW, known=known)

    assert guesses["columns.sku"].sure == "sure"
    assert "3 of 3 codes are known" in guesses["columns.sku"].evidence
    assert (guesses["columns.outlet"].sure, guesses["columns.advocate"].sure) == ("likely",) * 2
    assert "0 of 3 codes are known" in guesses["columns.outlet"].evidence
    assert "No register runs on this home: advocates were looked for by name alone." in remarks


def test_columns_without_telling_names_are_found_by_what_stands_in_them(tmp_path):
    rows = ["a,b,c,d,e"] + [
        f"RJW-M10{n},2026-01-1{n},{n},{n * 7}.25,{n * n * 7 + n * 0.25:.2f}" for n in range(2, 9)
    ]
    known = Known(products=frozenset(f"RJW-M10{n}" for n in range(10)))

    guesses, _ = proposed(tmp_path, "\n".join(rows) + "\n", known=known)

    assert guesses["columns.sku"].value == {"header": "a"}
    assert guesses["columns.document_date"].value == {"header": "b"}
    assert guesses["columns.amount"].value == {"header": "e"}
    assert {guesses[f"columns.{name}"].sure for name in ("document_date", "amount")} == {"open"}


def test_an_amount_is_held_against_quantity_and_price(tmp_path):
    data = FEW.replace("Amount", "Amount,Price").replace("100.50", "100.50,50.25")

    guesses, remarks = proposed(tmp_path, data)

    assert guesses["columns.amount"].value == {"header": "Amount"}
    assert guesses["other_headers"].value == ["Price"]
    assert "'Amount' is 'Qty' times 'Price' in 3 of 3 lines" in " ".join(remarks)


def test_fees_are_proposed_as_no_products(tmp_path):
    guesses, _ = proposed(tmp_path, FEW + LINE.replace("RJW-M101", "ONGKIR") + "\n")

    assert (guesses["not_products"].value, guesses["not_products"].sure) == (["ONGKIR"], "open")


def test_a_total_of_another_form_is_told_of(tmp_path):
    guesses, remarks = proposed(tmp_path, FEW + "Total,,,,,6,301.50\n")

    assert "control_total" not in guesses
    assert "looks like a total (Total 6 301.50)" in remarks[0]


def test_a_header_under_a_title_is_found(tmp_path):
    guesses, _ = proposed(tmp_path, f"PT North,,,,,,\n,,,,,,\n{FEW}")

    assert (guesses["header_row"].value, guesses["header_row"].sure) == (3, "likely")


def test_a_workbook_with_a_title_is_read(tmp_path):
    workbook, data = openpyxl.Workbook(), BytesIO()
    for row in (["PT North"], [], HEADER.split(",")):
        workbook.active.append(row)
    workbook.active.append(["F-1", date(2026, 1, 13), "A-1", "O-1", "RJW-M101", 2, 100.5])
    workbook.save(data)

    guesses, _ = proposed(tmp_path, data.getvalue(), "sales 2026.xlsx")

    assert (guesses["format"].value, guesses["header_row"].value) == ("xlsx", 3)
    assert guesses["columns.document_date"].value == {"header": "Date"}


def test_packed_files_are_unpacked(tmp_path):
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("sales.csv", FEW)

    of_zip, _ = proposed(tmp_path, archive.getvalue(), "sales.zip")
    of_gz, _ = proposed(tmp_path, gzip.compress(FEW.encode()), "sales.csv.gz")

    assert (of_zip["packing"].value, of_gz["packing"].value) == ("zip", "gz")


def test_two_tables_in_a_file_are_told_of(tmp_path):
    _, remarks = proposed(tmp_path, f"{FEW}\nOutlet,Name,City,,,,\nO-1,Shop,Bandung,,,,\n")

    assert remarks[0].startswith("Line 6 looks like the header of another table.")


def test_a_file_without_a_header_leaves_all_open(tmp_path):
    guesses, _ = proposed(tmp_path, FEW.removeprefix(HEADER).lstrip())

    assert (guesses["header_row"].value, guesses["header_row"].sure) == (0, "open")
    assert guesses["columns.document"].value is None
    assert guesses["columns.document_date"].value == {"header": "2"}


OF_FEEDS = {
    "outlets": "Kode Toko,Nama Toko,Alamat,Kota,Provinsi\n"
    "T-1,Toko Jaya,Jl. Mawar 1,Bogor,Jawa Barat\n",
    "advocates": "Status,Mulai,No Anggota,Nama,Surel,No HP,Kode Toko,Tgl Setuju,Persetujuan,Bukti\n"
    "BARU,13/01/2026,A-1,Ani,ani@x.example,0812 3456 7890,T-1,13/01/2026,v1,f-1\n",
    "requests": "Request No,Member No,Reward,Requested At\nR-1,A-1,voucher_50,2026-01-13T09:00Z\n",
    "voucher_status": "Voucher,Status,Tgl,Alasan\nK7MQ2-XH9TW-7,DITOLAK,13/01/2026,habis\n",
    "products": "Kode Barang,SKU,Berlaku Sejak\nB-1,RJW-M101,13/01/2026\n",
    "activities": "No Kegiatan,Member,Activity,Date,Diajak,Bukti\n"
    "K-1,A-1,pelatihan,13/01/2026,,daftar 7\n",
    "opening_balances": "No Anggota,Saldo Poin,Tgl Perolehan,Berlaku Sampai\n"
    "A-1,1200,13/01/2026,31/12/2026\n",
}


@pytest.mark.parametrize(("feed", "text"), OF_FEEDS.items(), ids=OF_FEEDS)
def test_a_feed_is_recognised_by_its_header_and_cells(tmp_path, settings, feed, text):
    path = tmp_path / "data_1.csv"
    path.write_text(text, encoding="utf-8")

    drafted = draft(path, "north", language="id", settings=settings)

    agreed = yaml.safe_load(drafted.text)
    assert drafted.proposal.feed == feed
    assert "open" not in {g.sure for g in drafted.guesses if g.field.startswith("columns.")}
    assert agreed["feeds"][feed]["files"] == "data_*.csv"
    assert ("sales" in agreed["feeds"]) == (agreed["kind"] == "distributor")


def test_a_file_of_no_feed_is_taken_for_sales_and_doubted(tmp_path):
    guesses, _ = proposed(tmp_path, "a,b\nx,1\ny,2\n")

    assert (guesses["feed"].value, guesses["feed"].sure) == ("sales", "open")


def test_a_feed_that_is_named_is_drafted_whatever_the_header_says(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("Kolom 1,Kolom 2\nT-1,Toko Jaya\n", encoding="utf-8")

    proposal = propose(path, SUBJECT, Known(), "outlets")

    agreed = yaml.safe_load(proposal.text)["feeds"]["outlets"]
    assert agreed["columns"]["outlet"] == {"header": "?? outlet"}
    assert agreed["other_headers"] == ["Kolom 1", "Kolom 2"]


def test_a_word_that_nobody_knows_is_asked_for(tmp_path, settings):
    path = tmp_path / "x.csv"
    path.write_text(OF_FEEDS["voucher_status"].replace("DITOLAK", "KABUR"), encoding="utf-8")

    drafted = draft(path, "north", language="id", settings=settings)

    assert "ask what KABUR mean" in guess_of(drafted, "columns.status").evidence


def test_a_feed_is_added_below_the_agreement_that_is_there(tmp_path):
    sample, folder = tmp_path / "OUTLETS_1.csv", tmp_path / "inbound" / "tapakrimba"
    sample.write_text(OF_FEEDS["outlets"], encoding="utf-8")
    shutil.copytree(INBOUND / "tapakrimba", folder)
    there = folder / "agreement.yml"
    before = there.read_text(encoding="utf-8")

    command = ["--home", str(tmp_path / "home"), "agreement", "propose", str(sample)]
    run = CliRunner().invoke(app, [*command, "--to", str(folder)])

    assert run.exit_code == 0, run.output
    assert there.read_text(encoding="utf-8") == before
    assert "is left as it is: add this under its feeds." in run.stderr
    there.write_text(before + run.stdout, encoding="utf-8")
    assert read_agreement(there).feed_of("OUTLETS_9.csv").columns.city.header == "Kota"
    trial = attempt(sample, read_agreement(there), settings=load_settings(home=tmp_path), today=DAY)
    assert trial.verdict == "It would be taken whole: all of its 1 lines are accepted."


def test_what_the_kind_of_partner_does_not_send_is_not_added(tmp_path, settings):
    path = tmp_path / "x.csv"
    path.write_text(OF_FEEDS["opening_balances"], encoding="utf-8")

    with pytest.raises(AgreementError, match="a distributor does not send opening_balances"):
        draft(path, "banyumili", language="en", settings=settings, feed="opening_balances")
    with pytest.raises(ProposalError, match="'stock' is no feed"):
        draft(path, "banyumili", language="en", settings=settings, feed="stock")


NASTY = {
    "nothing": b"",
    "blank lines": b"\n\n\n",
    "one word": b"hello\n",
    "a header alone": HEADER.encode() + b"\n",
    "one column": b"a\n1\n2\n3\n",
    "a million columns": b"a," * 1_000_000 + b"\n",
    "a very long line": b"a,b\n" + b"x" * 5_000_000 + b",1\n",
    "noise": random.Random(7).randbytes(100_000),
    "NUL bytes": b"a,b\n\0\0,1\n",
    "an image": b"\x89PNG\r\n\x1a\n" + bytes(500),
    "a broken workbook": b"PK\x03\x04" + b"x" * 1000,
    "an old workbook cut off": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 1000,
    "a broken gzip": b"\x1f\x8b\x08\x00" + b"x" * 100,
    "JSON": b'{"a": 1}\n',
    "UTF-16 without its mark": FEW.encode("utf-16-le"),
    "an open quotation mark": b'a,b\n"1,2\n3,4\n',
}


@pytest.mark.parametrize("data", NASTY.values(), ids=NASTY)
def test_what_cannot_be_drafted_from_is_said_in_a_sentence(tmp_path, data):
    path = tmp_path / "sample.bin"
    path.write_bytes(data)

    run = CliRunner().invoke(
        app, ["--home", str(tmp_path / "home"), "agreement", "propose", str(path)]
    )

    assert run.exit_code == 1, run.output
    assert isinstance(run.exception, SystemExit)
    assert run.stderr.strip().endswith(".")
    assert "Traceback" not in run.output


def test_a_draft_is_kept_once_and_cannot_be_used_before_it_is_filled_in(tmp_path, settings):
    sample = tmp_path / "sales_2026.csv"
    sample.write_text(FEW)
    proposal = draft(sample, "north", language="id", settings=settings)

    path = keep(proposal, tmp_path / "inbound" / "north")

    with pytest.raises(ProposalError, match="is there already"):
        keep(proposal, tmp_path / "inbound" / "north")
    assert load_agreements(tmp_path / "inbound", programme="demo") == {}
    assert read_agreement(path).number == 15


@pytest.mark.parametrize("name", ["office", "North", "n", "north/south"])
def test_a_name_that_can_be_no_account_is_refused(tmp_path, settings, name):
    (tmp_path / "sales.csv").write_text(FEW)

    with pytest.raises(ProposalError, match="cannot be a partner's account"):
        draft(tmp_path / "sales.csv", name, language="id", settings=settings)
