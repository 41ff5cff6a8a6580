"""Whoever breaks a posting rule is caught: by a law, by verify, or by the worked ledger.

`caught.md` says by whom. A few are tried here; `make torture` tries them all, and with
`--accept` writes the list anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tembaga.embedded.postgres import Postgres
from tests.crash.nest import DONE
from tests.crash.shelf import Nest, Shelf, nest
from tests.mutants.mutants import Mutant, mutants
from tests.mutants.story import STAGES, campaigns_of

CAUGHT = Path(__file__).parent / "caught.md"
LEDGER = Path(__file__).parent / "worked_ledger.txt"
REGISTER = "mutants_register"
STORY = "tests.mutants.story"
HEAD = "# Who catches a broken posting rule\n\n| what is broken | caught by |\n| --- | --- |\n"
UNUSED = "nobody: the worked ledger does not use it"
QUICKLY = ("opening 1: sides exchanged", "opening 1: one more", "opening 2: missing")


@dataclass
class Story:
    """The worked ledger, kept at the start of each stage."""

    shelf: Shelf
    nest: Nest
    given: dict[str, Any]
    ledgers: list[list[list[str]]] = field(default_factory=list)  # After each stage.

    def live(self, n_stages: int) -> None:
        """Live the first stages with unbroken rules."""
        self.shelf.make(REGISTER, "template_register")
        assert self._run("open_books", settings=self.given | {"campaigns_folder": "."})
        for stage in range(n_stages):
            self.shelf.keep(f"stage_{stage}")
            self.ledgers.append(self._run("live", stage)["result"])

    def catch(self, mutant: Mutant) -> str:
        """Who catches it: where its rule is first used, or else in other stages, the last first."""
        first = self._stage(mutant)
        if first is None:
            return UNUSED
        others = (stage for stage in reversed(range(len(self.ledgers))) if stage != first)
        caught = (self._catch(mutant, stage) for stage in (first, *others))
        return next((catcher for catcher in caught if catcher), "nobody")

    def _catch(self, mutant: Mutant, stage: int) -> str | None:
        self.shelf.bring_back(f"stage_{stage}")
        found = self._run("live_broken", stage, mutant.asked())["result"]
        if laws := found.get("laws"):
            return ", ".join(sorted(laws))
        if "engine" in found:
            return "the engine"
        if laws := found["verify"]:
            return "verify: " + ", ".join(sorted(laws))
        return "the worked ledger" if found["transfers"] != self.ledgers[stage] else None

    def _stage(self, mutant: Mutant) -> int | None:
        """The stage in which its rule is first used."""
        for stage, ledger in enumerate(self.ledgers):
            if any((row[3], row[4]) == (mutant.rule, str(mutant.leg)) for row in ledger):
                return stage
        return None

    def _run(self, function: str, *args: object, **how: Any) -> dict[str, Any]:
        asked = {"settings": self.given, "register": self.shelf.server.url(REGISTER)} | how
        ran = self.nest.run(call=f"{STORY}:{function}", args=args, **asked)
        assert ran["ended"] == DONE
        return ran


@pytest.fixture(scope="module")
def story(
    request: pytest.FixtureRequest, server: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    """The worked ledger: its first stage, or all of it."""
    folder = tmp_path_factory.mktemp("mutants")
    home = folder / "home"
    given = {
        "home": str(home),
        "programme": "spec",
        "campaigns_folder": str(campaigns_of(home)),
        "warehouse": "duckdb",
    }
    with nest(folder) as started:
        made = Story(Shelf(server, home, (REGISTER,)), started, given)
        made.live(len(STAGES) if request.config.getoption("--torture") else 1)
        yield made


def test_the_worked_ledger_is_as_it_was_approved(
    story: Story, pytestconfig: pytest.Config, accept: bool
):
    found = [" | ".join(row) for row in story.ledgers[-1]]
    if accept and pytestconfig.getoption("--torture"):
        LEDGER.write_text("\n".join(found) + "\n", encoding="utf-8")
    approved = LEDGER.read_text(encoding="utf-8").splitlines()

    assert found == approved[: len(found)]
    assert len(found) == len(approved) or not pytestconfig.getoption("--torture")


def test_every_mutant_is_caught(story: Story, pytestconfig: pytest.Config, accept: bool):
    is_torture = pytestconfig.getoption("--torture")
    chosen = [m for m in mutants() if is_torture or m.name in QUICKLY]
    found = {mutant.name: story.catch(mutant) for mutant in chosen}
    if accept and is_torture:
        lines = (f"| {name} | {catcher} |\n" for name, catcher in found.items())
        CAUGHT.write_text(HEAD + "".join(lines), encoding="utf-8")
    approved = _approved()

    assert found == {name: approved.get(name) for name in found}
    assert found.keys() == approved.keys() or not is_torture


def test_the_rules_are_broken_in_every_way():
    """Each row of the seed and each leg of a model has its mutants; none survived."""
    assert _approved().keys() <= {mutant.name for mutant in mutants()}
    assert not [name for name, catcher in _approved().items() if catcher.startswith("nobody")]


def _approved() -> dict[str, str]:
    rows = CAUGHT.read_text(encoding="utf-8").removeprefix(HEAD).splitlines()
    parts = (row.strip("| ").split(" | ") for row in rows)
    return dict(parts)
