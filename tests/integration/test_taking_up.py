"""A held line is taken up by itself once its cause is gone: once, and nothing is ever lost."""

import io
import random
from pathlib import Path

import pytest
from held_lines import Office, agreement
from rich.console import Console
from sqlalchemy import Engine, func, select

from tembaga import load as loading
from tembaga import load_findings, load_rows, own_files, replay, verify
from tembaga.register.tables import files
from tembaga.settings import load_settings
from tests.spec.bookkeeper import CAMPAIGNS


@pytest.fixture
def office(register: Engine, tmp_path: Path, prepared_warehouse: dict[str, str]) -> Office:
    """An office on each engine of the warehouse in turn."""
    settings = load_settings(
        home=tmp_path / "home",
        programme="spec",
        campaigns_folder=CAMPAIGNS,
        **prepared_warehouse,
    )
    found = Office(register, settings)
    found.enrols("ADV")
    return found


KNOWN = "INV-1,1,2026-01-05,ADV,SHOP,ANY,2,100000,"
UNKNOWN = "INV-2,1,2026-01-06,NEW,SHOP,ANY,1,70000,"
OTHER = "INV-3,1,2026-01-06,OTHER,SHOP,ANY,1,70000,"


def test_a_line_whose_advocate_is_enrolled_is_taken_up_once(office: Office):
    file_no = office.receives(KNOWN, UNKNOWN)
    assert office.figures(file_no) == (2, 1, 0, 1, 0)
    assert office.loads() == []

    office.enrols("NEW")

    assert office.loads() == [2]
    assert office.figures(file_no) == (2, 2, 0, 0, 0)
    assert office.loaded() == [(1, 2, "accepted", None), (1, 3, "accepted", None)]
    assert office.loads() == []


def test_only_what_need_not_wait_is_taken_up(office: Office):
    office.receives(UNKNOWN, OTHER.replace("SHOP", "O-9"), OTHER.replace("INV-3", "INV-4"))
    office.enrols("NEW")
    office.loads()

    assert office.figures(1) == (3, 1, 0, 2, 0)
    assert office.loaded() == [(1, 2, "accepted", None)]
    office.enrols("OTHER")
    office.loads()
    assert office.figures(1) == (3, 2, 0, 1, 0)


def test_a_line_that_was_sent_again_meanwhile_is_a_duplicate(office: Office):
    office.receives(UNKNOWN)
    office.enrols("NEW")
    office.lands(UNKNOWN, KNOWN)
    office.loads()
    office.loads()

    assert sorted(line[2] for line in office.loaded()) == ["accepted", "accepted", "duplicate"]
    assert office.figures(1)[3] == office.figures(2)[3] == 0


def test_true_repeats_without_a_line_number_are_all_taken_up(office: Office):
    office.agreed = agreement(without=("document_line",))
    line = "INV-2,2026-01-06,NEW,SHOP,ANY,1,70000,"
    office.receives(line, line, line)
    office.enrols("NEW")
    office.loads()
    office.receives(line, line)

    assert office.figures(1) == (3, 3, 0, 0, 0)
    assert office.figures(3) == (2, 0, 2, 0, 0)


def test_a_line_that_is_rejected_too_is_not_taken_up(office: Office):
    office.receives(UNKNOWN.replace(",70000", ",-70000"), KNOWN)
    office.enrols("NEW")

    assert office.loads() == []
    assert office.figures(1) == (2, 1, 0, 0, 1)


def test_two_contents_of_one_held_line_go_on_waiting(office: Office):
    office.receives(UNKNOWN, UNKNOWN.replace("70000", "80000"))
    office.enrols("NEW")

    assert office.loads() == []
    assert office.figures(1) == (2, 0, 0, 2, 0)


@pytest.mark.parametrize("seed", [1])
def test_whatever_comes_in_which_order_each_sale_counts_once(office: Office, seed: int):
    chance = random.Random(seed)
    strangers = [f"NEW-{n}" for n in range(4)]
    sales: list[str] = []
    for nth in range(6):
        fresh = [
            f"S-{nth}-{n},1,2026-01-06,{chance.choice(['ADV', *strangers])},SHOP,ANY,1,{nth + 1},"
            for n in range(3)
        ]
        again = chance.sample(sales, min(2, len(sales)))
        sales += fresh
        lines = fresh + again
        office.lands(*chance.sample(lines, len(lines)))
        if strangers and chance.random() < 0.3:
            office.enrols(strangers.pop())
        if chance.random() < 0.6:
            office.loads()
    office.loads()
    office.enrols(*strangers)
    office.loads()
    office.loads()

    counted = office.asks(
        "select document, count(*) from raw.sales where outcome = 'accepted' group by document"
    )
    assert sorted(counted) == sorted((sale.split(",")[0], 1) for sale in sales)
    with office.engine.connect() as register:
        held = register.scalar(select(func.sum(files.c.lines_held)))
    assert held == 0


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize(
    ("module", "step"),
    [
        (own_files, "land"),
        (own_files, "sha256_of"),
        (load_rows, "judge"),
        (load_rows, "_prove"),
        (loading, "_record"),
        (load_findings, "_move"),
    ],
)
def test_killed_at_any_step_it_is_taken_up_once(
    office: Office, monkeypatch: pytest.MonkeyPatch, module: object, step: str
):
    office.receives(KNOWN, UNKNOWN)
    office.enrols("NEW")

    def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(module, step, killed)
        with pytest.raises(Killed):
            office.loads()
    office.adds_up()
    office.loads()
    office.loads()

    assert office.figures(1) == (2, 2, 0, 0, 0)
    assert [line[:3] for line in office.loaded()] == [(1, 2, "accepted"), (1, 3, "accepted")]


def test_a_line_taken_up_earns_then_and_a_replay_has_the_same_heads(
    office: Office, other_engine: dict[str, str]
):
    office.receives(KNOWN, UNKNOWN)
    assert office.posts("2026-01-31") == 1
    office.enrols("NEW")
    office.receives("RET-2,1,2026-01-09,NEW,SHOP,ANY,-1,-70000,INV-2", UNKNOWN)
    assert office.posts("2026-02-05") == 2

    earned = office.asks(
        "select batch_no, file_no, line_no, points from ledger.award_lines order by 1, 2, 3"
    )
    assert (1, 1, 2, 10) in earned
    assert [(batch, file_no, line_no) for batch, file_no, line_no, _ in earned][1:2] == [(2, 1, 3)]
    assert sum(points for batch, *_, points in earned if batch == 2) == 0
    assert replay.replay(office.engine, settings=office.settings, **other_engine) == 2
    said = Console(file=io.StringIO())
    assert verify.run(office.engine, settings=office.settings, console=said) == 0
