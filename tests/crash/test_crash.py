"""Killed at any instant and begun again, the day ends as one that nothing disturbed.

What is compared is all that lasts: every row of the ledger, of the raw tables and of the register
(but for the clock), and the names of what lies in the landing. After each kill the ledger is
looked at too: it is that of before or that of after the batch.

A dozen steps here; `make torture` takes every step, and random instants.
"""

import random
from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import create_engine, func, select

from tembaga.embedded.postgres import Postgres
from tests.crash.nest import BUSY
from tests.crash.protections import GATE
from tests.crash.trials import DONE, KILLED, Trials, spread, trials

SEED = 20260305
IN_A_ROW = 12  # So many kills before the day may come to its end.
QUICKLY = {"duckdb": 12, "postgres": 4}
IN_PIECES = "publish before insert into"


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def day(
    request: pytest.FixtureRequest, server: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Trials]:
    """A day with a batch, on each engine."""
    folder = tmp_path_factory.mktemp("crash")
    with trials(server, folder, request.param, "another_day") as made:
        yield made


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def first_day(
    request: pytest.FixtureRequest, server: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Trials]:
    """A day that makes the ledger's tables and posts two batches, on each engine."""
    if not request.config.getoption("--torture"):
        pytest.skip("for `make torture`")
    folder = tmp_path_factory.mktemp("crash")
    with trials(server, folder, request.param, "the_first_day") as made:
        yield made


def test_killed_at_a_step_the_day_ends_the_same(day: Trials, pytestconfig: pytest.Config):
    n = QUICKLY[day.settings.warehouse]
    steps = day.steps[:: pytestconfig.getoption("--steps-apart")]
    if not pytestconfig.getoption("--torture"):
        steps = _some(day.steps, n)
    _kill_at_all(day, steps)
    _say(pytestconfig, f"{day}: killed at {len(steps)} of {len(day.steps)} steps, all the same")


def test_killed_at_a_step_of_the_first_day_it_ends_the_same(
    first_day: Trials, pytestconfig: pytest.Config
):
    steps = first_day.steps[:: pytestconfig.getoption("--steps-apart")]
    _kill_at_all(first_day, steps)
    _say(
        pytestconfig,
        f"{first_day}: killed at {len(steps)} of {len(first_day.steps)} steps, all the same",
    )


def test_killed_at_random_instants_the_day_ends_the_same(day: Trials, pytestconfig: pytest.Config):
    if not pytestconfig.getoption("--torture"):
        pytest.skip("for `make torture`")
    wanted = pytestconfig.getoption("--kills")
    chance = random.Random(SEED)
    n_kills = n_ends = 0
    while n_kills < wanted:
        day.back()
        for _ in range(min(IN_A_ROW, wanted - n_kills)):
            if not day.killed(kill_after=chance.uniform(0, day.seconds)):
                break
            n_kills += 1
        day.finish()
        n_ends += 1
    _say(
        pytestconfig,
        f"{day}: killed at {n_kills} random instants of {day.seconds:.1f} s, "
        f"{n_ends} days ended the same; turned away {day.turned_away} times",
    )


def test_while_the_server_goes_on_publishing_nobody_proposes(day: Trials):
    if day.settings.warehouse != "postgres":
        pytest.skip("a DuckDB file has no server")
    day.back()
    engine = create_engine(day.settings.warehouse_url or "")
    with engine.connect() as gate:
        gate.execute(select(func.pg_advisory_lock(GATE)))
        assert day.run(first=_without("a quick server"))["ended"] == KILLED
        assert day.run()["ended"] == BUSY
        gate.invalidate()
    engine.dispose()

    day.finish()


@pytest.mark.parametrize("protection", ["one transaction", "recognition"])
def test_without_its_protection_a_kill_does_harm(
    day: Trials, protection: str, pytestconfig: pytest.Config
):
    """The same trial finds what it is there to find."""
    is_quick = (day.settings.warehouse, protection) == ("duckdb", "one transaction")
    if not (is_quick or pytestconfig.getoption("--torture")):
        pytest.skip("for `make torture`")
    if protection == "one transaction":
        inserts = [step for step in day.steps if step.startswith(IN_PIECES)]
        step = inserts[len(inserts) // 2]
    else:
        step = "publish after commit #1"
    day.back()
    assert day.run(kill_at=step, first=_without(protection))["ended"] == KILLED
    if protection == "one transaction":
        assert not day.is_whole()

    ended = day.admitted(first=_without(protection))

    assert ended not in (DONE, BUSY) or day.books().differs(day.end)
    assert day.broken_laws() or ended not in (DONE, BUSY)


def _without(protection: str) -> list[str]:
    return ["tests.crash.protections:leave_out", protection]


def _kill_at_all(day: Trials, steps: Sequence[str]) -> None:
    n_rows = -(-len(steps) // IN_A_ROW)
    for first in range(n_rows):
        day.killed_at(steps[first::n_rows])


def _some(steps: Sequence[str], n: int) -> list[str]:
    """A quarter amid the publishing, a quarter in or around it, the others anywhere."""
    near = [i for i, step in enumerate(steps) if step.startswith("publish")]
    publishing = steps[near[0] - 2 : near[-1] + 8]
    amid = [step for step in steps if step.startswith(IN_PIECES)]
    some = {*spread(amid, n // 4), *spread(publishing, n // 4), *spread(steps, n - n // 4 * 2)}
    return sorted(some, key=steps.index)


def _say(config: pytest.Config, what: str) -> None:
    if config.getoption("--torture"):
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        capture = config.pluginmanager.get_plugin("capturemanager")
        with capture.global_and_fixture_disabled():  # Else it is kept for the case of a failure.
            reporter.write_line(f"torture: {what}")
