"""Every bad file is read rightly, or refused with a code and a hint (`tests/bad_files`)."""

import importlib
import pkgutil
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import Desk, Judged, agreement
from sqlalchemy import delete

import tests.bad_files
from expectations.codes import CODES
from tembaga.embedded.postgres import Postgres
from tembaga.reading.box import BoxError, in_a_box
from tembaga.reading.decryption import public_key
from tembaga.register import open_register
from tembaga.register.tables import files
from tembaga.settings import Settings
from tests.bad_files import parquet, workbooks
from tests.bad_files.case import Case, delimited
from tests.conftest import fresh_database

CASES = [
    case
    for module in pkgutil.iter_modules(tests.bad_files.__path__)
    if hasattr(made := importlib.import_module(f"tests.bad_files.{module.name}"), "cases")
    for case in made.cases()
]


@pytest.fixture(scope="module")
def bad_desk(server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One desk for all: each file is its first."""
    home = tmp_path_factory.mktemp("bad_files")
    with fresh_database(server, "register_bad_files", template="template_register") as url:
        engine = open_register(url)
        yield Desk(engine, Settings(home=home))
        engine.dispose()


@pytest.fixture
def desk(bad_desk: Desk) -> Iterator[Desk]:
    yield bad_desk
    with bad_desk.register.begin() as connection:
        connection.execute(delete(files))
    shutil.rmtree(bad_desk.settings.landing)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_bad_file_is_read_rightly_or_refused_with_a_code_and_a_hint(desk: Desk, case: Case):
    judged = desk.judge(_bytes(case, desk), agreement(**case.form))

    if case.is_refused:
        assert (judged.file.state, judged.file.code) == ("refused", case.code), judged.file.detail
        assert _is_answered(judged)
    else:
        assert judged.file.state == "validated", (judged.file.code, judged.file.detail)
        assert judged.codes == case.expected_codes()
        assert _facts(judged) == case.expected_rows()


@pytest.mark.parametrize("name", ["sales[1].parquet", "sales*.parquet", "it's ?.parquet"])
def test_a_name_is_no_pattern(desk: Desk, name: str):
    judged = desk.judge(parquet.written(), agreement(**parquet.FORM), name=name)

    assert (judged.file.state, judged.file.lines_accepted) == ("validated", 3)


@pytest.mark.parametrize("name", ["sales.xls", "sales.xlsb", "sales.ods", "sales", "[1]*.xlsx"])
def test_a_workbook_is_known_by_what_is_in_it(desk: Desk, name: str):
    judged = desk.judge(workbooks.written(), agreement(**workbooks.XLSX), name=name)

    assert (judged.file.state, judged.file.lines_accepted) == ("validated", 3)


def test_a_box_that_does_not_work_is_our_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))
    form = agreement(**workbooks.XLSX).feeds.sales

    with pytest.raises(BoxError):
        in_a_box("xlsx", tmp_path / "original", tmp_path / "copy", form, unpacked_max=1000)


def test_what_gpg_encrypts_for_us_is_read(desk: Desk, tmp_path: Path, gnupg: dict[str, str]):
    (tmp_path / "tembaga.asc").write_text(public_key(desk.settings.keys), encoding="ascii")
    (tmp_path / "sales.csv").write_bytes(delimited())
    home = tmp_path / "gpg"
    home.mkdir(mode=0o700)
    command = [
        gnupg["gpg"],
        "--homedir",
        home,
        "--batch",
        "--no-autostart",
        "--trust-model",
        "always",
    ]
    command += ["--recipient-file", tmp_path / "tembaga.asc", "--encrypt", tmp_path / "sales.csv"]
    subprocess.run(command, check=True, capture_output=True)

    judged = desk.judge((tmp_path / "sales.csv.gpg").read_bytes(), agreement(encryption="pgp"))

    assert (judged.file.state, judged.file.lines_accepted) == ("validated", 3)


def test_there_are_at_least_300_bad_files_and_no_two_of_one_name():
    names = [case.name for case in CASES]

    assert len(names) >= 300
    assert sorted(set(names)) == sorted(names)


def _bytes(case: Case, desk: Desk) -> bytes:
    return case.data if isinstance(case.data, bytes) else case.data(desk.settings.keys)


def _is_answered(judged: Judged) -> bool:
    """Whether both languages say what is wrong and what to do, with the file's values."""
    code, detail = CODES[judged.file.code], judged.file.detail
    said = [
        sentence.format(**detail)
        for language in ("id", "en")
        for sentence in (code.says(language), code.hint(language))
    ]
    return all(said)


def _facts(judged: Judged) -> list[tuple[object, ...]]:
    return [
        (
            row["line_no"],
            row["document"],
            row["line_ref"],
            f"{row['document_date']:%Y-%m-%d}",
            *(row[name] for name in ("advocate", "outlet", "sku", "quantity_e4", "amount_e4")),
            row["returns_document"] or None,
        )
        for row in judged.rows
    ]
