"""A statement foots, leads to its lines, and reads the same as the one that was approved.

The approved statements lie in `tests/golden/`. After a change that is meant, write them anew
with `python -m pytest tests/unit/test_statement.py --accept`, and look at what changed.
"""

import string
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tembaga.letters import Letter, WordsError, load_language, write
from tembaga.marts import Batch, Books, Marts, open_marts
from tembaga.movements import ACCOUNTS, Names
from tembaga.rulepack import Contact, Programme
from tembaga.settings import load_settings
from tembaga.statement import (
    Party,
    Span,
    Statement,
    StatementError,
    Voucher,
    build,
)
from tests.books import BUDI, FEBRUARY, JANUARY, REWARD, SARI, keep_the_story

GOLDEN = Path(__file__).parent.parent / "golden"
PROGRAMME = Programme(
    name="Sahabat Rajawali",
    principal="PT Tirta Pelumas Nusantara",
    brand="Rajawali",
    currency="IDR",
    pending_days=14,
    expiry_months=12,
    contact=Contact(name="Layanan Sahabat", email="sahabat@rajawali.example"),
)
NAMES = Names(
    products={"RJW-M102": "Rajawali Moto 10W-40 – 0.8 L", "RJW-M111": "Rajawali 2T – 0.7 L"},
    partners={"banyumili": "PT Banyumili Distribusi", "tapakrimba": "CV Tapakrimba Niaga"},
    rewards={REWARD: "e-voucher 50"},
)
VOUCHER = Voucher(
    reward="e-voucher 50",
    merchant="Gentala Mart",
    code="K7MQ2-XH9TW-7",
    face_minor=5_000_000,
    currency="IDR",
    usable_until=date(2026, 5, 15),
    deliver_to="code",
)


@pytest.fixture(scope="module")
def marts(tmp_path_factory):
    settings = load_settings(home=tmp_path_factory.mktemp("home"))
    keep_the_story(settings)
    with open_marts(settings) as marts:
        yield marts


def statement_of(marts: Marts, advocate: str, ends_on: date, **changes: object) -> Statement:
    """Budi's or Sari's statement of January (batches 1 and 2) or of February (3 and 4)."""
    first, last = (1, 2) if ends_on == JANUARY else (3, 4)
    name, language = ("Budi Santoso", "id") if advocate == BUDI else ("Sari Wulandari", "en")
    closing = next(batch for batch in marts.batches() if batch.batch_no == last)
    span = Span(12, ends_on.replace(day=1), ends_on, first, closing, previous=None)
    return build(
        Party(advocate, name, language),
        replace(span, **changes),
        books_of(marts, advocate, first, closing),
        vouchers=[VOUCHER] if ends_on == FEBRUARY else [],
        names=NAMES,
    )


def books_of(marts: Marts, advocate: str, first: int, closing: Batch) -> Books:
    return marts.books({advocate: first}, closing_batch=closing.batch_no)[advocate]


def footing(statement: Statement) -> dict[str, tuple[int, int, int]]:
    return {
        account.name: (account.opening, account.movements, account.closing)
        for account in statement.accounts
    }


def test_opening_and_movements_come_to_the_closing_of_each_account(marts):
    assert footing(statement_of(marts, BUDI, JANUARY)) == {
        "available": (0, 770, 770),
        "pending": (0, 498, 498),
        "held": (0, 0, 0),
    }
    assert footing(statement_of(marts, BUDI, FEBRUARY)) == {
        "available": (770, -2, 768),
        "pending": (498, -183, 315),
        "held": (0, 0, 0),
    }


def test_arrears_are_told_of_once_there_are_any(marts):
    assert "arrears" not in footing(statement_of(marts, SARI, JANUARY))
    assert footing(statement_of(marts, SARI, FEBRUARY)) == {
        "available": (520, -520, 0),
        "pending": (0, 0, 0),
        "held": (0, 0, 0),
        "arrears": (0, 146, 146),
    }


def test_the_closing_names_every_account_for_the_next_statement(marts):
    statement = statement_of(marts, BUDI, JANUARY)

    assert statement.closing == {"available": 770, "pending": 498, "held": 0, "arrears": 0}


def test_a_statement_that_does_not_open_where_the_last_one_closed_is_not_made(marts):
    previous = {"available": 771, "pending": 498, "held": 0, "arrears": 0}

    with pytest.raises(StatementError, match=f"{BUDI}: available opens with 770, but .* 771"):
        statement_of(marts, BUDI, FEBRUARY, previous=previous)


def test_a_statement_whose_movements_do_not_foot_is_not_made(marts):
    closing = marts.batches()[1]
    books = books_of(marts, BUDI, 1, closing)
    short = replace(books, movements=books.movements[1:])
    span = Span(12, date(2026, 1, 1), JANUARY, 1, closing, previous=None)

    with pytest.raises(StatementError, match="pending opens with 0, moves by 374 and closes with"):
        build(Party(BUDI, "Budi", "id"), span, short, vouchers=[], names=NAMES)


def test_a_statement_whose_lots_are_not_the_balance_is_not_made(marts):
    closing = marts.batches()[1]
    books = replace(books_of(marts, BUDI, 1, closing), lots=[])
    span = Span(12, date(2026, 1, 1), JANUARY, 1, closing, previous=None)

    with pytest.raises(StatementError, match="available closes with 770, but its lots hold 0"):
        build(Party(BUDI, "Budi", "id"), span, books, vouchers=[], names=NAMES)


def test_every_line_of_the_period_stands_under_one_movement(marts):
    lines = {
        (row.rule, row.document): [line.points for line in row.lines]
        for account in statement_of(marts, BUDI, JANUARY).accounts
        for row in account.rows
        if row.lines
    }

    assert lines == {
        ("earn", "INV-0988"): [124],
        ("earn", "INV-0012"): [624, 126],
        ("earn", "INV-0031"): [498],
        ("return_pending", "INV-0012"): [-104],
        ("no_points", "INV-0034"): [0, 0],
    }


def test_a_return_split_between_two_accounts_shows_its_lines_once(marts):
    rows = [row for account in statement_of(marts, SARI, FEBRUARY).accounts for row in account.rows]
    returned = [(row.rule, len(row.lines)) for row in rows if row.rule.startswith("return")]

    assert returned == [("return_available", 1), ("return_spent", 0)]


def test_one_redemption_out_of_several_lots_is_one_row(marts):
    available, _, held = statement_of(marts, BUDI, FEBRUARY).accounts

    assert [row.amount for row in available.rows if row.rule == "request"] == [-500]
    assert [row.amount for row in held.rows] == [500, -500]


def test_a_late_line_keeps_its_own_date_and_is_marked(marts):
    _, pending, _ = statement_of(marts, BUDI, JANUARY).accounts
    late = [(row.document, row.event_on) for row in pending.rows if row.is_late]

    assert late == [("INV-0988", date(2025, 12, 29))]


def test_what_falls_due_is_told_as_of_the_closing_batch(marts):
    january = statement_of(marts, BUDI, JANUARY)
    february = statement_of(marts, BUDI, FEBRUARY)

    assert january.expiring.days == ((date(2027, 1, 31), 770),)
    assert january.maturing.days == ((date(2026, 2, 3), 498),)
    assert february.expiring.days == ((date(2027, 1, 31), 270), (date(2027, 2, 28), 498))
    assert february.maturing.days == ((date(2026, 2, 23), 315),)


CASES = {
    "statement.id": (BUDI, FEBRUARY),
    "statement.en": (SARI, FEBRUARY),
    "statement.january.id": (BUDI, JANUARY),
}


@pytest.mark.parametrize(("name", "case"), CASES.items(), ids=CASES)
def test_a_statement_reads_as_approved(marts, name, case, accept):
    letter = write(statement_of(marts, *case), PROGRAMME)

    for path, written in ((f"{name}.html", letter.html), (f"{name}.txt", letter.text)):
        if accept:
            (GOLDEN / path).write_text(written, encoding="utf-8")
        assert (GOLDEN / path).read_text(encoding="utf-8") == written


@pytest.fixture
def letters(marts) -> list[Letter]:
    return [write(statement_of(marts, *case), PROGRAMME) for case in CASES.values()]


def test_the_plain_text_keeps_to_its_width(letters):
    assert max(len(line) for letter in letters for line in letter.text.splitlines()) == 72


def test_a_mail_fetches_nothing(letters):
    assert not any(mark in letter.html for letter in letters for mark in ("<img", "http", "url("))


def test_names_from_outside_cannot_become_markup(marts):
    party = Party(BUDI, "<b>Budi</b> & {kawan}", "id")

    html = write(replace(statement_of(marts, BUDI, JANUARY), party=party), PROGRAMME).html

    assert "&lt;b&gt;Budi&lt;/b&gt; &amp; {kawan}" in html


def test_the_languages_have_the_same_words_with_the_same_values():
    placed = [
        {
            key: sorted(name for _, name, _, _ in string.Formatter().parse(words) if name)
            for key, words in load_language(name).words.items()
        }
        for name in ("id", "en")
    ]

    assert placed[0] == placed[1]


def test_every_account_has_words():
    assert all(load_language("id").say(f"accounts.{account}") for account in ACCOUNTS)


def test_a_rule_without_words_is_named(marts):
    statement = statement_of(marts, BUDI, JANUARY)
    account = statement.accounts[0]
    row = replace(account.rows[0], rule="conjure")
    changed = replace(statement, accounts=(replace(account, rows=(row,)),))

    with pytest.raises(WordsError, match=r"words/id\.yml: movements\.conjure is missing"):
        write(replace(changed, accounts=changed.accounts + statement.accounts[1:]), PROGRAMME)


@pytest.mark.parametrize(
    ("language", "number", "money", "cents", "day"),
    [
        ("id", "1.234.567", "Rp 1.234.567", "−£1.234,50", "31 Januari 2026"),
        ("en", "1,234,567", "Rp 1,234,567", "−£1,234.50", "31 January 2026"),
    ],
)
def test_figures_and_days_are_written_as_the_language_does(language, number, money, cents, day):
    words = load_language(language)

    assert words.number(1_234_567) == number
    assert words.money_minor(123_456_700, "IDR").replace("\N{NO-BREAK SPACE}", " ") == money
    assert words.money_e4(-12_345_000, "GBP") == cents
    assert words.day(JANUARY) == day
    assert words.change(5) == "+5"
    assert words.change(-5) == "−5"
    assert words.change(0) == "0"
    assert words.quantity(25_000) == ("2,5" if language == "id" else "2.5")
