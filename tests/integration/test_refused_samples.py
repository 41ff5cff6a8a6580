"""The samples in the tree are what the codes say: refused for their fault, or read to the end.

Dropping a file into `sftp_inbound/<partner>/refused/`, named `<code>__<name>`, adds a test.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import Engine, Row, insert, select

from tembaga.agreements import load_agreements
from tembaga.demo.layouts import DISTRIBUTORS
from tembaga.demo.mishaps import IMPOSSIBLE, LINE_FAULTS
from tembaga.demo.programme import SPOILT_WEEKS, generate, week_of
from tembaga.demo.samples import LINES
from tembaga.landing import folder_of, original, sha256_of
from tembaga.register.enrol import enrol
from tembaga.register.tables import files
from tembaga.settings import PROJECT, Settings
from tembaga.validate import validate

INBOUND = PROJECT / "sftp_inbound"
AGREEMENTS = load_agreements(INBOUND, programme="demo")
REFUSED = sorted(path for partner in DISTRIBUTORS for path in INBOUND.glob(f"{partner}/refused/*"))
SAMPLES = sorted(path for partner in AGREEMENTS for path in INBOUND.glob(f"{partner}/samples/*"))
FAULTY_WEEKS = sorted(week for week, spoilt in SPOILT_WEEKS.items() if spoilt == "faults")

Validated = Callable[[str, str, bytes], Row]


def name_of(path: Path) -> str:
    return f"{path.parent.parent.name}/{path.name}"


@pytest.fixture
def enrolled(register: Engine, tmp_path: Path) -> Engine:
    """A register in which the demo's workshops and mechanics are enrolled."""
    programme = generate(tmp_path / "demo")
    enrol(register, outlets=programme.outlets, advocates=programme.advocates)
    return register


@pytest.fixture
def validated(enrolled: Engine, settings: Settings) -> Validated:
    """Land a file and validate it; gives its row of the register."""

    def validated(partner: str, name: str, data: bytes) -> Row:
        landed = original(settings.landing, partner, 1, name)
        landed.parent.mkdir(parents=True)
        landed.write_bytes(data)
        now = datetime.now(UTC)
        facts = {"file_no": 1, "partner": partner, "name": name, "state": "landed"}
        facts |= {"size_bytes": len(data), "modified_at": now, "seen_at": now}
        facts |= {"sha256": sha256_of(landed)}
        with enrolled.begin() as connection:
            connection.execute(insert(files).values(facts))
        validate(enrolled, 1, agreement=AGREEMENTS[partner], settings=settings)
        with enrolled.connect() as connection:
            return connection.execute(select(files)).one()

    return validated


@pytest.mark.parametrize("path", REFUSED, ids=name_of)
def test_a_file_is_refused_for_the_fault_it_is_named_for(path: Path, validated: Validated):
    code, _, name = path.name.partition("__")

    file = validated(path.parent.parent.name, name, path.read_bytes())

    assert (file.state, file.code) == ("refused", code)


@pytest.mark.parametrize("path", SAMPLES, ids=name_of)
def test_a_sample_is_accepted_to_its_last_line(path: Path, validated: Validated):
    file = validated(path.parent.parent.name, path.name, path.read_bytes())

    assert (file.state, file.lines_accepted) == ("validated", file.lines_in)
    assert file.lines_in == LINES if file.feed == "sales" else file.lines_in > 1


@pytest.mark.parametrize(("partner", "week_end"), FAULTY_WEEKS)
def test_every_mistake_in_a_line_is_answered_by_its_code(
    partner: str, week_end, validated: Validated, settings: Settings
):
    distributor = DISTRIBUTORS[partner]
    data = distributor.write(week_of(distributor, week_end))

    file = validated(partner, distributor.name_of(week_end), data)

    rejects = folder_of(settings.landing, partner, 1) / "rejects.parquet"
    answered = duckdb.sql(f"select distinct code from '{rejects}'").fetchall()
    expected = {code for code, _ in LINE_FAULTS} - IMPOSSIBLE[partner] | {"E_NOT_A_PRODUCT"}
    expected -= {"RETURN_UNMATCHED"}  # Only the warehouse knows whether there was such a sale.
    assert {code for (code,) in answered} - {"DUPLICATE"} == expected
    assert file.lines_duplicate == (1 if "line" in distributor.headers else 0)
