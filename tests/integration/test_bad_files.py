"""Every bad file is read rightly, or refused with a code and a hint (`tests/bad_files`)."""

import importlib
import pkgutil
import shutil
from collections.abc import Iterator

import pytest
from desk import Desk, Judged, agreement
from sqlalchemy import delete

import tests.bad_files
from expectations.codes import CODES
from tembaga.embedded.postgres import Postgres
from tembaga.register import open_register
from tembaga.register.tables import files
from tembaga.settings import Settings
from tests.bad_files.case import Case
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
    return all(said) and not any("{" in sentence for sentence in said)


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
