"""The reports say what stands in the register, and add it up."""

import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from rich.console import Console
from sqlalchemy import insert

from tembaga import report
from tembaga.register.tables import files

NOW = datetime(2026, 2, 1, tzinfo=UTC)


def file(file_no, **facts):
    common = {"partner": "banyumili", "name": f"SALES_{file_no}.csv", "size_bytes": 1}
    return common | {"file_no": file_no, "modified_at": NOW, "seen_at": NOW} | facts


def counted(lines_in, accepted, amount):
    figures = {"lines_in": lines_in, "lines_accepted": accepted, "lines_duplicate": 0}
    figures |= {"lines_held": lines_in - accepted, "lines_rejected": 0}
    return figures | {"amount_accepted": Decimal(amount), "state": "loaded", "currency": "IDR"}


@pytest.fixture
def three_files(register):
    """Two files that were loaded and one that came twice."""
    with register.begin() as connection:
        for facts in (
            file(1, **counted(10, 9, "990.50")),
            file(2, **counted(5, 5, "200")),
            file(3, state="refused", code="DUPLICATE_FILE", duplicate_of_file_no=1),
            file(4, state="refused", code="E_FILE_HEADER"),
        ):
            connection.execute(insert(files).values(facts))
    return register


def lines_of(table):
    console = Console(file=io.StringIO(), width=150)
    console.print(table)
    return [line.split() for line in console.file.getvalue().splitlines() if line.strip()]


def test_files_are_listed_with_what_became_of_them_and_added_up(three_files):
    first, second, third, fourth, total = lines_of(report.file_table(three_files))[2 + 2 :]

    assert first == [
        "1",
        "banyumili",
        "SALES_1.csv",
        "10",
        "9",
        "0",
        "1",
        "0",
        "990.50",
        "loaded",
    ]
    assert second[-1] == "loaded"
    assert third[-5:] == ["–", "–", "known", "as", "#1"]
    assert fourth[-1] == "E_FILE_HEADER"
    assert total == ["all", "15", "14", "0", "1", "0", "1,190.50"]


def test_only_files_after_a_number_are_listed_when_asked(three_files):
    rows = lines_of(report.file_table(three_files, after=2))[2 + 2 :]

    assert [row[0] for row in rows] == ["3", "4", "all"]
    assert report.newest_file(three_files) == 4


def test_figures_tell_what_was_added_since(register, three_files):
    before = report.figures(register)
    with register.begin() as connection:
        connection.execute(insert(files).values(file(5, **counted(1, 1, "1"))))

    added = report.figures(register) - before

    assert (before.files, before.loaded, before.refused, before.known_already) == (4, 2, 1, 1)
    assert (added.files, added.loaded, added.refused, added.known_already) == (1, 1, 0, 0)


def test_a_home_without_mail_has_no_statement_to_show(tmp_path):
    assert report.keep_readable_statement(tmp_path, tmp_path / "statement.html") is None


def test_the_page_of_the_largest_mail_is_kept_for_the_browser(tmp_path):
    for name, page in (("a", "<p>short</p>"), ("b", "<p>ringkasan poin</p>" * 10)):
        (tmp_path / f"{name}.eml").write_text(f"Content-Type: text/html\n\n{page}\n")

    kept = report.keep_readable_statement(tmp_path, tmp_path / "statement.html")

    assert kept is not None
    assert kept.read_text().startswith("<p>ringkasan")
