"""Random histories give the same books by SQL as by the oracle, transfer by transfer.

    pytest tests/property/test_the_ledger_equals_the_oracle.py \\
        --sequences 500 --operations 200 --posted-in 30 --first-seed 1000

tries as many as wanted. With `--reduce`, the smallest part of the first history that fails is
printed as code. A seed that failed is kept in `failures.txt`, and tried first in every run.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.property.conftest import BeginTrial
from tests.property.histories import History, history_of
from tests.property.reducer import as_code, smallest
from tests.property.regressions import REGRESSIONS
from tests.property.side_by_side import group_of
from tests.property.trial import Trial, differences

FAILURES = Path(__file__).parent / "failures.txt"


def test_random_histories_are_posted_as_the_oracle_does(
    begin_trial: BeginTrial, request: pytest.FixtureRequest
):
    option = request.config.getoption
    n_batches, n_operations, first = option("posted_in"), option("operations"), option("first_seed")
    seeds = [*kept_seeds(), *range(first, first + option("sequences"))]
    histories = [history_of(number, n_batches, n_operations) for number in dict.fromkeys(seeds)]
    histories += REGRESSIONS
    trial = begin_trial(histories)

    found = differences(trial, histories, n_batches)

    assert not found, _told(found) + (
        _smallest(begin_trial, trial, found) if option("reduce") else ""
    )


def kept_seeds() -> list[int]:
    """The seeds that failed once; they are tried first in every run."""
    lines = FAILURES.read_text(encoding="utf-8").splitlines()
    return [int(line.split()[0]) for line in lines if line and not line.startswith("#")]


def _told(found: dict[str, tuple[int, list[str]]]) -> str:
    return "".join(
        f"\n{group}, batch {nth}:\n" + "\n".join(lines) for group, (nth, lines) in found.items()
    )


def _smallest(
    begin_trial: BeginTrial, trial: Trial, found: dict[str, tuple[int, list[str]]]
) -> str:
    """The smallest part of the history that fails first, as code."""
    nth = min(nth for nth, _ in found.values())
    group = min(group for group, (batch, _) in found.items() if batch == nth)
    orders = trial.sides.oracles.orders
    histories = [
        History(name, given[: nth + 1], {a: r for a, r in orders.items() if group_of(a) == name})
        for name, given in trial.given.items()
    ]

    def fail(tried: Sequence[History]) -> set[str]:
        failing = set(differences(begin_trial(tried), tried, nth + 1))
        if failing != {"*"}:
            return failing - {"*"}
        if len(tried) == 1:
            return {tried[0].group}
        half = len(tried) // 2
        return fail(tried[:half]) or fail(tried[half:])

    if group == "*":  # A law is broken; by whom is not known.
        (group,) = fail(histories)
    history = next(history for history in histories if history.group == group)
    return "\n\nThe smallest part of it:\n" + as_code(smallest(history, fail))
