"""A file under the name of one that came before stands in its place, where that was agreed."""

import io
from pathlib import Path

import pytest
from held_lines import Office, agreement
from rich.console import Console
from sqlalchemy import Engine, select

from tembaga import load as loading
from tembaga import own_files, replay, verify, withdrawing
from tembaga.register.tables import files
from tembaga.settings import load_settings
from tests.spec.bookkeeper import CAMPAIGNS

NAME = "SALES.csv"
ONE = "INV-1,1,2026-01-05,ADV,SHOP,ANY,2,100000,"
ONE_CHANGED = "INV-1,1,2026-01-05,ADV,SHOP,ANY,3,150000,"
TWO = "INV-2,1,2026-01-06,ADV,SHOP,ANY,1,70000,"
THREE = "INV-3,1,2026-01-07,ADV,SHOP,ANY,1,50000,"
FOUR = "INV-4,1,2026-01-08,ADV,SHOP,ANY,1,30000,"
STRANGER = "INV-5,1,2026-01-08,NEW,SHOP,ANY,1,90000,"
SPOILT = "INV-9,1,2026-01-08,ADV,SHOP,ANY,x,90000,"

# What counts: lines that were accepted, that nothing replaced and that are not void.
COUNTED = """
select sales.document, sales.amount_e4 / 10000
from raw.sales as sales
left join raw.replacements as replacements
    on sales.file_no = replacements.replaces_file_no
    and sales.line_no = replacements.replaces_line_no
where
    sales.outcome = 'accepted'
    and replacements.file_no is null
    and coalesce(sales.action, '') <> 'void'
order by 1
"""


@pytest.fixture
def office(register: Engine, tmp_path: Path, prepared_warehouse: dict[str, str]) -> Office:
    """An office on each engine of the warehouse in turn, whose partner sends whole files."""
    settings = load_settings(
        home=tmp_path / "home",
        programme="spec",
        campaigns_folder=CAMPAIGNS,
        **prepared_warehouse,
    )
    found = Office(register, settings)
    found.agreed = agreement(same_name="replaces")
    found.enrols("ADV")
    return found


def counted(office: Office) -> dict[str, int]:
    """The money of each document that counts."""
    return {document: int(amount) for document, amount in office.asks(COUNTED)}


def loads_of(office: Office) -> list[tuple]:
    """The files that were loaded, in the order in which they were."""
    columns = (files.c.load_no, files.c.file_no, files.c.feed, files.c.replaces_file_nos)
    with office.engine.connect() as register:
        found = register.execute(select(*columns).order_by(files.c.load_no, files.c.file_no))
        return [tuple(row) for row in found]


def test_a_second_file_counts_and_the_first_does_not(office: Office):
    office.receives(ONE, TWO, THREE, name=NAME)
    office.receives(ONE_CHANGED, THREE, FOUR, name=NAME)

    assert office.loaded() == [
        (1, 2, "accepted", None),
        (1, 3, "accepted", None),
        (1, 4, "accepted", None),
        (2, 2, "accepted", None),
        (2, 3, "duplicate", "DUPLICATE"),
        (2, 4, "accepted", None),
        (3, 1, "accepted", "WITHDRAWN"),
    ]
    assert counted(office) == {"INV-1": 150000, "INV-3": 50000, "INV-4": 30000}
    assert office.asks(
        "select file_no, line_no, action, version from raw.sales where action is not null "
        "order by 1, 2"
    ) == [(2, 2, "replace", 2), (3, 1, "void", 2)]
    assert office.figures(2) == (3, 2, 1, 0, 0)
    assert office.figures(3) == (1, 1, 0, 0, 0)
    assert office.findings(3) == [(1, "WITHDRAWN", "document", "INV-2 / 1")]
    assert loads_of(office) == [
        (1, 1, "sales", None),
        (2, 2, "sales", [1]),
        (3, 3, "withdrawals", None),
    ]
    assert office.loads() == []


def test_what_was_agreed_before_stays_as_it_was(office: Office):
    office.agreed = agreement()
    office.receives(ONE, TWO, name=NAME)
    office.receives(ONE_CHANGED, THREE, name=NAME)

    assert counted(office) == {"INV-1": 100000, "INV-2": 70000, "INV-3": 50000}
    assert office.findings(2) == [(2, "E_CONFLICT", "document", "INV-1")]
    assert office.receives(ONE, TWO, name=NAME) == 3
    with office.engine.connect() as register:
        assert register.scalar(select(files.c.code).where(files.c.file_no == 3)) == "DUPLICATE_FILE"


def test_the_first_contents_may_come_back_and_a_line_may_go_and_come_again(office: Office):
    first = (ONE, TWO)
    office.receives(*first, name=NAME)
    office.receives(ONE_CHANGED, name=NAME)
    assert counted(office) == {"INV-1": 150000}

    office.receives(*first, name=NAME)

    assert counted(office) == {"INV-1": 100000, "INV-2": 70000}
    office.receives(TWO.replace("70000", "75000"), name=NAME)
    assert counted(office) == {"INV-2": 75000}
    office.receives(*first, name=NAME)
    assert counted(office) == {"INV-1": 100000, "INV-2": 70000}
    again = office.receives(*first, name=NAME)
    with office.engine.connect() as register:
        code = register.scalar(select(files.c.code).where(files.c.file_no == again))
    assert code == "DUPLICATE_FILE"


def test_nothing_is_withdrawn_while_a_missing_line_may_be_a_rejected_one(office: Office):
    office.receives(ONE, TWO, THREE, name=NAME)
    office.receives(ONE_CHANGED, TWO, SPOILT, name=NAME)
    assert counted(office) == {"INV-1": 150000, "INV-2": 70000, "INV-3": 50000}
    office.receives(ONE_CHANGED, TWO, FOUR, FOUR.replace("30000", "31000"), name=NAME)
    assert counted(office) == {"INV-1": 150000, "INV-2": 70000, "INV-3": 50000}

    office.receives(ONE_CHANGED, TWO, FOUR, name=NAME)

    assert counted(office) == {"INV-1": 150000, "INV-2": 70000, "INV-4": 30000}


def test_held_lines_of_the_first_file_are_not_taken_up_any_more(office: Office):
    office.receives(ONE, STRANGER, name=NAME)
    office.receives(ONE, TWO, name=NAME)
    office.enrols("NEW")

    assert office.loads() == []
    assert counted(office) == {"INV-1": 100000, "INV-2": 70000}


def test_a_held_line_in_place_of_another_replaces_it_when_it_is_taken_up(office: Office):
    office.receives(ONE, TWO, name=NAME)
    office.receives(ONE.replace("ADV", "NEW"), STRANGER, name=NAME)
    assert counted(office) == {"INV-1": 100000}

    office.enrols("NEW")
    office.loads()

    assert counted(office) == {"INV-1": 100000, "INV-5": 90000}
    assert office.asks(
        "select file_no, line_no, advocate, action, version from raw.sales "
        "where document = 'INV-1' order by 1"
    ) == [(1, 2, "ADV", None, None), (2, 2, "NEW", "replace", 2)]


def test_uptakes_of_the_first_file_come_before_the_second(office: Office):
    office.receives(ONE, STRANGER, name=NAME)
    office.enrols("NEW")
    office.lands(ONE, STRANGER.replace("90000", "95000"), name=NAME)
    office.loads()

    assert [load[:3] for load in loads_of(office)] == [
        (1, 1, "sales"),
        (2, 3, "uptakes"),
        (3, 2, "sales"),
    ]
    assert counted(office) == {"INV-1": 100000, "INV-5": 95000}


def test_versions_that_wait_together_are_loaded_one_after_the_other(office: Office):
    office.lands(ONE, TWO, THREE, name=NAME)
    office.lands(ONE_CHANGED, TWO, name=NAME)
    office.lands(ONE, THREE, name=NAME)
    other = office.lands(FOUR, name="OTHER.csv")
    office.loads()

    assert counted(office) == {"INV-1": 100000, "INV-3": 50000, "INV-4": 30000}
    assert loads_of(office) == [
        (1, 1, "sales", None),
        (1, other, "sales", None),
        (2, 2, "sales", [1]),
        (3, 5, "withdrawals", None),
        (4, 3, "sales", [1, 2]),
        (5, 6, "withdrawals", None),
    ]


def test_a_newer_file_waits_until_the_older_is_settled(office: Office):
    office.receives(ONE, name=NAME)
    older = office.lands(TWO, name=NAME)
    newer = office.lands(THREE, name=NAME)
    with office.engine.begin() as register:
        register.execute(files.update().where(files.c.file_no == older).values(state="landed"))
    assert office.loads() == []

    with office.engine.begin() as register:
        register.execute(files.update().where(files.c.file_no == older).values(state="refused"))

    assert newer in office.loads()
    assert counted(office) == {"INV-3": 50000}


def test_lines_of_files_of_other_names_are_left_alone(office: Office):
    office.receives(ONE, TWO, name=NAME)
    office.receives(TWO, THREE, name="OTHER.csv")
    office.receives(ONE, name=NAME)
    assert counted(office) == {"INV-1": 100000, "INV-2": 70000, "INV-3": 50000}

    office.receives(THREE, name="OTHER.csv")

    assert counted(office) == {"INV-1": 100000, "INV-3": 50000}
    office.receives(THREE.replace("50000", "60000"), name=NAME)
    assert counted(office) == {"INV-3": 50000}


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize(
    ("module", "step", "nth"),
    [
        (loading, "_record", 1),
        (loading, "withdraw", 2),
        (withdrawing, "make_file", 1),
        (own_files, "land", 1),
        (own_files, "sha256_of", 1),
        (loading, "_record", 2),
        (loading, "withdraw", 3),
    ],
)
def test_killed_at_any_step_the_second_file_alone_counts(
    office: Office, monkeypatch: pytest.MonkeyPatch, module: object, step: str, nth: int
):
    office.receives(ONE, TWO, STRANGER, name=NAME)
    office.lands(ONE_CHANGED, THREE, name=NAME)
    kept, calls = getattr(module, step), []

    def killed(*values: object, **named: object) -> object:
        calls.append(step)
        if len(calls) == nth:
            raise Killed
        return kept(*values, **named)

    with monkeypatch.context() as patched:
        patched.setattr(module, step, killed)
        with pytest.raises(Killed):
            office.loads()
    office.adds_up()
    office.enrols("NEW")
    office.loads()
    office.loads()

    withdrawn = {"INV-1": 150000, "INV-3": 50000}
    assert counted(office) == withdrawn
    assert office.asks("select count(*) from raw.sales where action = 'void'") in ([(1,)], [(2,)])


def test_the_points_are_those_of_the_last_file_alone(office: Office, other_engine: dict[str, str]):
    returned = "RET-1,1,2026-01-09,ADV,SHOP,ANY,-1,-50000,INV-1"
    waiting = "RET-7,1,2026-01-09,ADV,SHOP,ANY,-1,-50000,INV-7"
    office.receives(ONE, TWO, returned, waiting, STRANGER, name=NAME)
    assert office.posts("2026-01-31") == 1
    assert sum(office.stands("ADV").values()) == 10 + 7 - 5
    last = (TWO.replace("70000", "80000"), THREE)

    office.receives(*last, name=NAME)
    # The sale that was returned in part stays until its return is out of the books.
    assert office.posts("2026-02-05") == 2
    assert office.loaded()[-3:] == [
        (3, 1, "held", "E_BELOW_RETURNS"),
        (3, 2, "accepted", "WITHDRAWN"),
        (3, 3, "accepted", "WITHDRAWN"),
    ]
    assert sum(office.stands("ADV").values()) == 10 + 8 + 5
    office.receives(*last, name=NAME)
    assert office.posts("2026-02-09") == 3

    assert sum(office.stands("ADV").values()) == 8 + 5
    assert replay.replay(office.engine, settings=office.settings, **other_engine) == 3
    said = Console(file=io.StringIO())
    assert verify.run(office.engine, settings=office.settings, console=said) == 0
