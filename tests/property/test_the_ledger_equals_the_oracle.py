"""Random histories give the same books by SQL as by the oracle, transfer by transfer."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.property.histories import history_of
from tests.property.trial import begin, differences

FAILURES = Path(__file__).parent / "failures.txt"


def test_random_histories_are_posted_as_the_oracle_does(
    register: Engine, tmp_path: Path, request: pytest.FixtureRequest
):
    option = request.config.getoption
    n_batches, n_operations, first = option("posted_in"), option("operations"), option("first_seed")
    seeds = [*kept_seeds(), *range(first, first + option("sequences"))]
    histories = [history_of(number, n_batches, n_operations) for number in dict.fromkeys(seeds)]
    trial = begin(register, tmp_path, histories)

    found = differences(trial, histories, n_batches)

    assert not found, "".join(
        f"\n{group}, batch {nth}:\n" + "\n".join(lines) for group, (nth, lines) in found.items()
    )


def kept_seeds() -> list[int]:
    """The seeds that failed once; they are tried first in every run."""
    lines = FAILURES.read_text(encoding="utf-8").splitlines()
    return [int(line.split()[0]) for line in lines if line and not line.startswith("#")]
