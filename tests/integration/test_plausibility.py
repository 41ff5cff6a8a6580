"""A line that is not plausible waits for a person, who releases or rejects it; nothing is lost."""

import io
import itertools
from datetime import date
from pathlib import Path

import pytest
from held_lines import RELEASES, Office, agreement
from rich.console import Console
from sqlalchemy import Engine, select

from tembaga import replay, verify
from tembaga.held import for_an_answer
from tembaga.papers import PaperRefusedError
from tembaga.register.tables import files, releases
from tembaga.settings import load_settings
from tests.conftest import fresh_database
from tests.spec.bookkeeper import CAMPAIGNS

ACCEPTS = {"advocate": "accept", "outlet": "accept", "sku": "accept"}


@pytest.fixture
def office(register: Engine, tmp_path: Path, prepared_warehouse: dict[str, str]) -> Office:
    """An office on each engine of the warehouse in turn."""
    settings = load_settings(
        home=tmp_path / "home",
        programme="spec",
        campaigns_folder=CAMPAIGNS,
        **prepared_warehouse,
    )
    return Office(register, settings)


def agreed(**plausible: object):
    return agreement(unlisted=ACCEPTS, plausible=plausible)


def sale(document: str, amount: int, on: str = "2026-01-05", **facts: object) -> str:
    """A line of a sale."""
    said = {"line": 1, "advocate": "ADV", "outlet": "SHOP", "sku": "ANY", "quantity": 1} | facts
    return (
        f"{document},{said['line']},{on},{said['advocate']},{said['outlet']},{said['sku']},"
        f"{said['quantity']},{amount},"
    )


PAST = [sale(f"INV-{n}", amount) for n, amount in enumerate((100, 300, 200, 500, 400))]


def codes(office: Office) -> dict[str, str | None]:
    """The code of each line in the warehouse, by file and line."""
    return {f"{file_no}/{line_no}": code for file_no, line_no, _, code in office.loaded()}


def test_a_document_above_the_agreed_times_of_the_median_is_held(office: Office):
    office.agreed = agreed(outliers={"by": ["advocate"], "times": 3, "at_least": 5})
    office.receives(*PAST)  # Their median is 300.
    office.receives(sale("A", 900), sale("B", 450), sale("B", 451, line=2), sale("C", 902))

    assert codes(office) | dict.fromkeys(f"1/{n}" for n in range(2, 7)) == codes(office)
    assert [codes(office)[f"2/{n}"] for n in range(2, 6)] == [
        None, "E_OUTLIER", "E_OUTLIER", "E_OUTLIER",
    ]  # fmt: skip
    assert office.figures(2) == (4, 1, 0, 3, 0)
    assert office.findings(2)[0][1:] == ("E_OUTLIER", "advocate", "ADV: 901 > 3 x 300")


@pytest.mark.parametrize(
    ("by", "line"),
    [
        ("advocate", {"outlet": "O-2", "sku": "S-2"}),
        ("outlet", {"advocate": "A-2", "sku": "S-2"}),
        ("sku", {"advocate": "A-2", "outlet": "O-2", "quantity": 100}),
    ],
)
def test_each_is_compared_with_its_own_past_alone(office: Office, by: str, line: dict):
    office.agreed = agreed(outliers={"times": 3, "at_least": 5, "by": [by]})
    office.receives(*PAST)
    other = {"advocate": "A-9", "outlet": "O-9", "sku": "S-9"}
    office.receives(sale("A", 10_000, **line), sale("B", 10_000, **(line | other)))

    assert codes(office)["2/2"] == "E_OUTLIER"
    assert codes(office)["2/3"] is None


def test_without_enough_of_a_past_nothing_is_doubted(office: Office):
    office.agreed = agreed(outliers={"times": 2, "at_least": 6})
    office.receives(*PAST)
    office.receives(sale("A", 10**9))

    assert set(codes(office).values()) == {None}


def test_only_the_last_documents_are_looked_back_at(office: Office):
    office.agreed = agreed(outliers={"times": 2, "at_least": 1, "documents": 2, "by": ["advocate"]})
    office.receives(
        sale("OLD", 1_000_000, "2026-01-02"),
        sale("NEW-1", 100, "2026-01-03"),
        sale("NEW-2", 100, "2026-01-04"),
    )
    office.receives(sale("A", 201, "2026-01-05"))

    assert codes(office)["2/2"] == "E_OUTLIER"


def test_neither_the_order_of_files_nor_their_number_matters(
    office: Office, other_register: Engine, tmp_path: Path
):
    """Two halves of a document in one load, and the same the other way round."""
    halves = ([sale("A", 500), sale("B", 100)], [sale("A", 500, line=2)])
    found = []
    home = tmp_path / "other"
    home.mkdir()
    other = load_settings(home=home, programme="spec", campaigns_folder=CAMPAIGNS)
    for desk, order in ((office, halves), (Office(other_register, other), halves[::-1])):
        desk.agreed = agreed(outliers={"times": 3, "at_least": 5, "by": ["advocate"]})
        desk.receives(*PAST)
        for lines in order:
            desk.lands(*lines)
        desk.loads()
        found.append(sorted(desk.asks("select document, line_ref, code from raw.sales")))

    assert found[0] == found[1]
    assert [code for document, _, code in found[0] if document == "A"] == ["E_OUTLIER"] * 2


def test_a_line_that_is_known_is_a_duplicate_however_much_it_is(office: Office):
    office.agreed = agreed(outliers={"times": 100, "at_least": 5})
    office.receives(*PAST)
    office.receives(sale("A", 20_000))
    office.agreed = agreed(outliers={"times": 2, "at_least": 5})
    office.receives(sale("A", 20_000), sale("C", 1))

    assert codes(office)["2/2"] is None
    assert codes(office)["3/2"] == "DUPLICATE"


def test_sales_on_closed_days_are_held_and_returns_are_not(office: Office):
    office.agreed = agreed(closed={"weekdays": ["sun"], "dates": ["2026-01-01"]})
    file_no = office.receives(
        sale("SUNDAY", 100, "2026-01-04"),
        sale("NEW YEAR", 100, "2026-01-01"),
        sale("MONDAY", 100, "2026-01-05"),
        sale("BACK", -100, "2026-01-11", quantity=-1),
    )

    assert office.rejects(file_no) == [
        (2, "E_CLOSED_DAY", "document_date", "2026-01-04"),
        (3, "E_CLOSED_DAY", "document_date", "2026-01-01"),
    ]
    assert office.figures(file_no)[3] >= 2


def test_a_number_used_for_two_outlets_is_held_in_one_file_and_over_several(office: Office):
    office.agreed = agreed(one_outlet=True)
    first = office.receives(sale("A", 1), sale("A", 1, line=2, outlet="O-2"), sale("B", 1))
    office.receives(sale("B", 1, "2026-01-20", outlet="O-2"), sale("C", 1))
    office.lands(sale("D", 1))
    office.lands(sale("D", 1, line=2, outlet="O-2"), sale("E", 1))
    office.loads()

    assert [reject[:2] for reject in office.rejects(first)] == [
        (2, "E_DOCUMENT_TWICE"),
        (3, "E_DOCUMENT_TWICE"),
    ]
    twice = [line for line, code in codes(office).items() if code == "E_DOCUMENT_TWICE"]
    assert twice == ["2/2", "3/2", "4/2"]


def test_a_bulge_at_the_end_of_a_quarter_is_held(office: Office):
    office.agreed = agreed(quarter_end={"days": 3, "times": 2, "at_least": 4})
    days = [sale(f"P-{day}", 100 * day, f"2025-12-{20 + day}") for day in range(1, 5)]
    office.receives(*days)  # 1000 on 4 days: 250 a day.
    office.receives(
        sale("Q", 500, "2025-12-29"),
        sale("R", 300, "2025-12-30"),
        sale("S", 201, "2025-12-30", advocate="A-2"),
        sale("T", 9_000, "2025-12-28"),
        sale("U", 9_000, "2026-01-01"),
    )

    assert list(codes(office).values())[4:] == [None, "E_QUARTER_END", "E_QUARTER_END", None, None]


def test_a_released_line_counts_and_a_rejected_one_never_does(office: Office):
    office.agreed = agreed(outliers={"times": 3, "at_least": 5}, closed={"weekdays": ["sun"]})
    office.receives(*PAST)
    office.receives(sale("A", 9_000), sale("B", 9_000), sale("C", 9_000, "2026-01-04"))
    assert office.figures(2) == (3, 0, 0, 3, 0)

    with office.engine.connect() as register:
        lines = for_an_answer(register, settings=office.settings)
    assert [line[:4] for line in lines] == [
        (2, 2, "distributor", "E_OUTLIER"),
        (2, 3, "distributor", "E_OUTLIER"),
        (2, 4, "distributor", "E_CLOSED_DAY"),
    ]
    assert lines[0][5:] == ("A", "ADV", date(2026, 1, 5), 9000)
    office.says("release", "2/2", "2/4")
    assert office.figures(2) == (3, 2, 0, 1, 0)
    office.says("reject", "2/3")
    assert office.figures(2) == (3, 2, 0, 0, 1)
    assert [line[2:] for line in office.loaded()[5:]] == [
        ("accepted", None),
        ("rejected", "E_NOT_CREDIBLE"),
        ("accepted", None),
    ]
    with office.engine.connect() as register:
        said = register.execute(
            select(releases.c.of_line_no, releases.c.decision, releases.c.approver)
        ).all()
    assert sorted(map(tuple, said)) == [
        (2, "release", "Budi"),
        (3, "reject", "Budi"),
        (4, "release", "Budi"),
    ]
    assert office.loads() == []


def test_a_line_waits_for_its_advocate_and_for_a_person(office: Office):
    office.agreed = agreement(plausible={"closed": {"weekdays": ["sun"]}})
    office.enrols("ADV")
    office.receives(sale("A", 1, "2026-01-04", advocate="NEW"))
    office.says("release", "1/2")
    assert office.figures(1) == (1, 0, 0, 1, 0)
    office.enrols("NEW")
    office.loads()

    assert office.figures(1) == (1, 1, 0, 0, 0)


def test_a_line_that_was_taken_up_may_be_doubted_and_released(office: Office):
    office.agreed = agreement(plausible={"outliers": {"times": 3, "at_least": 5, "by": ["outlet"]}})
    office.enrols("ADV")
    office.receives(*PAST)
    office.receives(sale("A", 9_000, advocate="NEW"))
    office.enrols("NEW")
    office.loads()
    assert codes(office)["2/2"] == "E_OUTLIER"
    assert office.figures(2) == (1, 0, 0, 1, 0)

    office.says("release", "2/2")

    assert codes(office)["2/2"] is None
    assert office.figures(2) == (1, 1, 0, 0, 0)
    assert office.loads() == []


def test_an_answer_needs_a_line_that_waits_and_two_people(office: Office):
    office.agreed = agreed(closed={"weekdays": ["sun"]})
    office.receives(sale("A", 1, "2026-01-04"), sale("B", 1))
    for line, code in (
        ("1,3,release,Seen,Sri,Budi", "E_NOT_WAITING"),
        ("9,9,release,Seen,Sri,Budi", "E_NOT_WAITING"),
        ("1,2,accept,Seen,Sri,Budi", "E_DECISION"),
        ("1,2,release,,Sri,Budi", "E_REASON_MISSING"),
        ("1,2,release,Seen,Sri,SRI", "E_APPROVER_IS_MAKER"),
        ("1,2,release,Seen,Sri,Budi\n1,2,reject,Seen,Sri,Budi", "E_RELEASE_TWICE"),
    ):
        with pytest.raises(PaperRefusedError, match=code):
            office.submits("releases", f"{RELEASES}{line}\n")
    office.says("release", "1/2")
    with pytest.raises(PaperRefusedError, match="E_NOT_WAITING"):
        office.submits("releases", f"{RELEASES}1,2,reject,Seen,Sri,Budi\n")

    assert office.figures(1) == (2, 2, 0, 0, 0)


def test_a_released_line_earns_then_and_a_replay_has_the_same_heads(office: Office, server):
    office.agreed = agreed(outliers={"times": 3, "at_least": 5})
    office.receives(*(line.replace("00,", "00000,") for line in PAST))
    office.receives(sale("A", 90_000_000), sale("B", 90_000_000))
    office.posts("2026-01-31")
    office.says("release", "2/2")
    office.agreed = agreed()
    office.posts("2026-02-05")

    earned = office.asks("select batch_no, file_no, line_no, points from ledger.award_lines")
    assert [line for line in earned if line[0] == 2] == [(2, 2, 2, 9000)]
    with office.engine.connect() as register:
        agreed_then = register.scalars(select(files.c.plausible).where(files.c.file_no == 2)).one()
    assert agreed_then == {"outliers": {"times": 3}}
    said = Console(file=io.StringIO())
    assert verify.run(office.engine, settings=office.settings, console=said) == 0
    with fresh_database(server, "replayed") as url:
        into = {"warehouse_url": url} if office.settings.warehouse == "duckdb" else {}
        assert replay.replay(office.engine, settings=office.settings, **into) == 2


def test_every_subset_of_thresholds_may_be_agreed(office: Office):
    """Each threshold asks for itself; together they find what each of them finds."""
    parts = {
        "outliers": {"times": 3, "at_least": 5},
        "one_outlet": True,
        "quarter_end": {"days": 3, "times": 2, "at_least": 1},
    }
    for chosen in itertools.chain(itertools.combinations(parts, 2), [tuple(parts)]):
        office.agreed = agreed(**{name: parts[name] for name in chosen})
        office.receives(sale("-".join(chosen), 1))

    assert set(codes(office).values()) == {None}
