"""Outstanding points are valued once a month by their age, and the books follow (S18)."""

import shutil
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest
import yaml
from sqlalchemy import Engine, text

from tembaga import close, liability, questions
from tembaga.post import LawBrokenError
from tembaga.questions import QuestionError
from tembaga.rulepack import RulePackError, load_programme
from tembaga.settings import load_settings
from tembaga.verify import verify
from tembaga.warehouse import open_warehouse, read_warehouse
from tests.property.inputs import Adjustment, OpeningBalance, Request, placed
from tests.spec.bookkeeper import CAMPAIGNS, LONG_AGO, Bookkeeper

LAW = "the_provision_is_as_valued"
COHORTS = [
    {"until_months": 6, "redeemed": 95},
    {"until_months": 12, "redeemed": 85},
    {"redeemed": 40},
]
VERSION = {"from": "2026-01-01", "cost_per_point": 100, "cohorts": COHORTS}
ALL = [{"redeemed": 100}]
YOUNG, GROWN, OLD = "2026-05-10", "2025-11-10", "2025-03-10"  # By the end of June 2026.

RAISED = ("Expenses:Loyalty:Provision", "Liabilities:Loyalty:Provision")
RELEASED = RAISED[::-1]


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A rule pack to be edited."""
    shutil.copytree(CAMPAIGNS, tmp_path / "campaigns")
    return tmp_path / "campaigns" / "spec"


@pytest.fixture
def books(register: Engine, prepared_home: Path, pack: Path) -> Bookkeeper:
    settings = load_settings(home=prepared_home, programme="spec", campaigns_folder=pack.parent)
    return Bookkeeper(register, settings)


@pytest.fixture
def both_books(
    register: Engine, tmp_path: Path, pack: Path, prepared_warehouse: dict[str, str]
) -> Bookkeeper:
    """The books on each engine of the warehouse in turn."""
    home = tmp_path / "home"
    settings = load_settings(
        home=home, programme="spec", campaigns_folder=pack.parent, **prepared_warehouse
    )
    return Bookkeeper(register, settings)


def value_by(pack: Path, *versions: dict) -> None:
    """Let these be the versions of the valuation."""
    path = pack / "programme.yml"
    programme = yaml.safe_load(path.read_text(encoding="utf-8"))
    written = [VERSION | version for version in versions]
    path.write_text(yaml.safe_dump(programme | {"valuation": written}), encoding="utf-8")


def bring(books: Bookkeeper, *lots: tuple[int, str]) -> None:
    """Open lots of one advocate, by points and the day on which they were earned."""
    file_no = books.next_file_no()
    books.write(
        placed(
            OpeningBalance("ADV", points, date.fromisoformat(earned_on), None),
            (file_no, line_no),
        )
        for line_no, (points, earned_on) in enumerate(lots, 2)
    )


def provisions(books: Bookkeeper) -> list[tuple]:
    """The transfers of the valuations: batch, debit, credit, amount, effective_on."""
    return books.asks(
        "select transfers.batch_no, debits.path, credits.path, transfers.amount, "
        "cast(transfers.effective_on as varchar) from ledger.transfers as transfers "
        "inner join ledger.accounts as debits on transfers.debit_account = debits.account_no "
        "inner join ledger.accounts as credits on transfers.credit_account = credits.account_no "
        "where transfers.rule = 'provision' order by transfers.transfer_no"
    )


def cohort_points(books: Bookkeeper, day: str) -> list[int]:
    rows = books.asks(
        "select points from ledger.valuations where as_of = :day order by cohort_no",
        day=date.fromisoformat(day),
    )
    return [points for (points,) in rows]


def asked(books: Bookkeeper, *, on: date | None = None, as_known_at: int | None = None) -> list:
    with read_warehouse(books.settings) as warehouse:
        seen = questions.point(warehouse, on=on, as_known_at=as_known_at)
        return [tuple(row) for row in liability.liability(warehouse, seen).rows]


def amounts(rows: Iterable[tuple]) -> dict[str, str]:
    """The amounts of the rows that are no cohort."""
    return {row[0]: row[-1] for row in rows if row[0] != "cohort"}


def test_the_worked_example(both_books: Bookkeeper, pack: Path):
    books = both_books
    value_by(pack, {})
    bring(books, (400_000, YOUNG), (250_000, GROWN), (150_000, OLD))
    books.posts("2026-06-30")

    assert provisions(books) == [(2, *RAISED, 6_525_000_000, "2026-06-30")]
    assert asked(books) == [
        ("cohort", "0 to 5", 400_000, "95", 380_000, "38000000.00"),
        ("cohort", "6 to 11", 250_000, "85", 212_500, "21250000.00"),
        ("cohort", "12 and more", 150_000, "40", 60_000, "6000000.00"),
        ("expected", None, 800_000, None, 652_500, "65250000.00"),
        ("breakage", None, None, None, 147_500, "14750000.00"),
        ("gross", None, None, None, 800_000, "80000000.00"),
        ("opening", None, None, None, None, "0.00"),
        ("raised", None, None, None, None, "65250000.00"),
        ("released", None, None, None, None, "0.00"),
        ("closing", None, None, None, None, "65250000.00"),
        ("on the account", None, None, None, None, "65250000.00"),
    ]


def test_the_true_up_is_cumulative_and_rolls_forward(both_books: Bookkeeper, pack: Path):
    books = both_books
    value_by(pack, {})
    bring(books, (400_000, YOUNG), (250_000, GROWN), (150_000, OLD))
    books.posts("2026-06-30")
    bring(books, (1_000, "2026-07-01"))
    books.posts("2026-07-31")
    books.posts("2026-11-30")

    # By then all of GROWN is a year old, and all of YOUNG half a year.
    assert provisions(books)[1:] == [
        (4, *RAISED, 9_500_000, "2026-07-31"),
        (5, *RELEASED, (400 * 10 + 250 * 45) * 100_000, "2026-11-30"),
    ]
    assert amounts(asked(books)) == {
        "expected": "50095000.00",
        "breakage": "30005000.00",
        "gross": "80100000.00",
        "opening": "65345000.00",
        "raised": "0.00",
        "released": "-15250000.00",
        "closing": "50095000.00",
        "on the account": "50095000.00",
    }
    assert amounts(asked(books, on=date(2026, 7, 15)))["closing"] == "65250000.00"
    assert amounts(asked(books, as_known_at=4))["closing"] == "65345000.00"


def test_without_a_valuation_nothing_is_posted(books: Bookkeeper):
    bring(books, (400_000, YOUNG))
    books.posts("2026-06-30")

    assert provisions(books) == []
    with pytest.raises(QuestionError, match="No outstanding points were valued"):
        asked(books)


def test_a_month_is_valued_once_and_late_if_need_be(books: Bookkeeper, pack: Path):
    value_by(pack, {"cohorts": ALL})
    for points, by in (
        (1, "2026-01-30"),  # January has not ended.
        (0, "2026-02-02"),  # The first batch after it.
        (1, "2026-02-03"),
        (0, "2026-02-28"),
        (1, "2026-02-28"),
        (0, "2026-06-15"),  # For May; March and April are not made up for.
    ):
        if points:
            bring(books, (points, "2026-01-01"))
        books.posts(by)

    assert [(amount, day) for *_, amount, day in provisions(books)] == [
        (10_000, "2026-02-02"),
        (10_000, "2026-02-28"),
        (10_000, "2026-06-15"),
    ]
    assert [str(day) for (day,) in books.asks("select period_ends_on from ledger.valuations "
        "order by batch_no")] == ["2026-01-31", "2026-02-28", "2026-05-31"]  # fmt: skip


def test_a_valuation_alone_is_a_batch_and_twice_is_once(books: Bookkeeper, pack: Path):
    bring(books, (100, YOUNG))
    books.posts("2026-06-10")
    value_by(pack, {"cohorts": ALL})

    assert books.posts("2026-06-30") == 2
    assert books.posts("2026-06-30") is None
    assert books.posts("2026-07-31") is None
    assert [amount for *_, amount, _ in provisions(books)] == [1_000_000]


def test_pending_and_held_points_count_and_arrears_do_not(both_books: Bookkeeper, pack: Path):
    books = both_books
    value_by(pack, {"cohorts": ALL})
    bring(books, (900, "2026-01-01"))
    books.posts("2026-01-02")
    books.sells("PENDING", "P1", "2026-01-30", 500_000)
    file_no = books.next_file_no() + 1
    books.write(
        placed(item, (file_no + nth, 2))
        for nth, item in enumerate(
            (
                Request("R-1", "ADV", "p400", date(2026, 1, 20)),
                Adjustment("OWES", -70, date(2026, 1, 20), 1),
            )
        )
    )
    books.posts("2026-01-31")

    assert books.stands("ADV") == {"available": 500, "held": 400}
    assert cohort_points(books, "2026-01-31") == [950]
    assert [amount for *_, amount, _ in provisions(books)] == [9_500_000]


def test_the_sum_is_exact_and_rounded_down_once(both_books: Bookkeeper, pack: Path):
    """A third of a sen, of each of two cohorts of points: 1/3 + 2/3 is one, 1/3 + 1/3 none."""
    books = both_books
    cohorts = [{"until_months": 1, "redeemed": "100/3"}, {"redeemed": "200/3"}]
    value_by(pack, {"cost_per_point": 0.01, "cohorts": cohorts})
    bring(books, (1, "2026-01-20"), (1, "2025-12-20"))
    books.posts("2026-01-31")

    assert [amount for *_, amount, _ in provisions(books)] == [1]
    assert [row[3:] for row in asked(books) if row[0] == "cohort"] == [
        ("100/3", 0, "0.00"),
        ("200/3", 1, "0.01"),
    ]


def test_ages_are_whole_months_and_end_with_short_ones(both_books: Bookkeeper, pack: Path):
    books = both_books
    value_by(pack, {"cohorts": [{"until_months": 1, "redeemed": 50}, {"redeemed": 10}]})
    bring(books, (1, "2026-02-01"), (10, "2026-01-31"), (100, "2026-01-29"), (1000, "2026-01-28"))
    books.posts("2026-02-28")

    assert cohort_points(books, "2026-02-28") == [1, 1110]


@pytest.mark.parametrize(
    ("beneficiary", "account"),
    [
        ("advocate", "Expenses:Loyalty:Provision"),
        ("purchaser", "Income:Sales:LoyaltyReduction"),
        ("consumer", "Income:Sales:Deferred"),
    ],
)
def test_the_beneficiary_decides_what_is_debited(
    books: Bookkeeper, pack: Path, beneficiary: str, account: str
):
    dear = {"cohorts": ALL, "beneficiary": beneficiary}
    value_by(pack, dear, dear | {"from": "2026-02-01", "cost_per_point": 60})
    bring(books, (100, "2026-01-02"))
    books.posts("2026-01-31")
    books.posts("2026-02-28")

    provision = "Liabilities:Loyalty:Provision"
    assert [row[1:4] for row in provisions(books)] == [
        (account, provision, 1_000_000),
        (provision, account, 400_000),
    ]


def test_a_closed_period_is_not_restated(books: Bookkeeper, pack: Path):
    value_by(pack, {"cohorts": ALL})
    bring(books, (100, "2026-01-02"))
    books.posts("2026-01-31")
    close.close(books.engine, "2026-01", by="Sri", today=date(2026, 2, 2), now=LONG_AGO)
    value_by(pack, {"cohorts": [{"redeemed": 50}]})
    books.posts("2026-02-28")

    assert [(amount, day) for *_, amount, day in provisions(books)] == [
        (1_000_000, "2026-01-31"),
        (500_000, "2026-02-28"),
    ]


@pytest.mark.parametrize(
    ("version", "says"),
    [
        ({"cost_per_point": 0}, "above 0"),
        ({"cost_per_point": "1e3"}, "no exact number"),
        ({"cost_per_point": 1_000_001}, "at most 1000000"),
        ({"cohorts": []}, "at least 1"),
        ({"cohorts": [{"redeemed": 101}]}, "at most 100"),
        ({"cohorts": [{"until_months": 6, "redeemed": 95}]}, "the last has none"),
        ({"cohorts": [{"redeemed": 95}, {"redeemed": 40}]}, "the last has none"),
        (
            {"cohorts": [{"until_months": 6, "redeemed": 9}] * 2 + [{"redeemed": 4}]},
            "goes up from cohort to cohort",
        ),
        ({"cohorts": [{"redeemed": "100/100000007"}]}, "round one off"),
        ({"beneficiary": "somebody"}, "purchaser"),
    ],
)
def test_a_valuation_that_cannot_be_used_is_refused(pack: Path, version: dict, says: str):
    value_by(pack, version)

    with pytest.raises(RulePackError, match=says):
        load_programme(pack)


def test_versions_of_a_valuation_stand_in_order(pack: Path):
    value_by(pack, {"from": "2026-02-01"}, {"from": "2026-01-01"})

    with pytest.raises(RulePackError, match="in the order of their days"):
        load_programme(pack)


def test_a_provision_that_is_not_as_valued_is_not_posted(books: Bookkeeper, pack: Path):
    value_by(pack, {"cohorts": ALL})
    bring(books, (100, "2026-01-02"))
    books.posts("2026-01-10")
    with open_warehouse(books.settings) as warehouse:
        warehouse.execute(text("update ledger.lots set available = available + 1"))

    with pytest.raises(LawBrokenError, match=LAW):
        books.posts("2026-01-31")


def test_all_of_history_obeys_the_law(both_books: Bookkeeper, pack: Path):
    books = both_books
    value_by(pack, {})
    bring(books, (100, "2025-12-02"), (7, "2025-01-02"))
    books.posts("2026-01-31")
    bring(books, (100, "2026-02-02"))
    books.posts("2026-02-28")
    books.posts("2026-07-31")

    with open_warehouse(books.settings) as warehouse, books.engine.connect() as register:
        landing = books.settings.landing
        [finding] = verify(warehouse, register, landing=landing, only=LAW)
    assert (finding.looked_at, finding.rows) == (9, ())
