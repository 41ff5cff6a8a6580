"""One trial: many histories, posted side by side in the same batches."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Engine

from tembaga.dbt import DbtError
from tembaga.post import LawBrokenError
from tembaga.rulepack import load_rulepack
from tembaga.settings import load_settings
from tests.property.histories import History, Issue, Operation, days, resolved
from tests.property.rates import Rules
from tests.property.side_by_side import Doings, SideBySide, oracles_of
from tests.spec.bookkeeper import Bookkeeper

CAMPAIGNS = Path(__file__).parent / "campaigns"
CLAWBACKS: tuple[dict[str, Any], ...] = (
    {"clawback": "arrears"},
    {"clawback": "arrears", "arrears_limit": 100},
    {"clawback": "within_balance"},
    {"clawback": "arrears"},
    {"clawback": "own_lot_only"},
)


@dataclass
class Trial:
    """The two sides, and what was given to them so far."""

    sides: SideBySide
    pack: Path
    given: dict[str, list[list[Operation]]] = field(default_factory=dict)

    def post(self, nth: int, as_of: date, histories: Sequence[History]) -> dict[str, list[str]]:
        """Post the next batch of all histories, and give what differs."""
        rules = self._rules(nth)
        for books in self.sides.oracles.books.values():
            books.rules = rules
        doings: dict[str, Doings] = {}
        for history in histories:
            books = self.sides.oracles.books[history.group]
            operations = history.batches[nth] if nth < len(history.batches) else []
            doings[history.group] = resolved(operations, books)
            self.given.setdefault(history.group, []).append(_concrete(doings[history.group]))
        return self.sides.day(as_of, doings)

    def _rules(self, nth: int) -> Rules:
        """The programme of a batch: what a return may take differs from batch to batch."""
        path = self.pack / "programme.yml"
        said = yaml.safe_load((CAMPAIGNS / "histories" / "programme.yml").read_text())
        path.write_text(yaml.safe_dump(said | CLAWBACKS[nth % len(CLAWBACKS)]))
        return Rules(load_rulepack(self.pack))


def begin(register: Engine, folder: Path, histories: Sequence[History], **warehouse: str) -> Trial:
    """Two empty sides for these histories."""
    shutil.copytree(CAMPAIGNS, folder / "campaigns")
    settings = load_settings(
        home=folder / "home",
        programme="histories",
        campaigns_folder=folder / "campaigns",
        **warehouse,
    )
    pack = folder / "campaigns" / "histories"
    orders = {name: reward for one in histories for name, reward in one.orders.items()}
    oracles = oracles_of([one.group for one in histories], Rules(load_rulepack(pack)), orders)
    books = Bookkeeper(register, settings)
    books.enrols(dict(orders))
    return Trial(SideBySide(books, oracles), pack)


def differences(
    trial: Trial, histories: Sequence[History], n_batches: int
) -> dict[str, tuple[int, list[str]]]:
    """The batch after which the sides first differ, and how, for each group that does.

    A batch that breaks a law is refused as a whole; what it did to which group is not known,
    and stands under `*`.
    """
    found: dict[str, tuple[int, list[str]]] = {}
    for nth, as_of in enumerate(days(n_batches)):
        try:
            of_batch = trial.post(nth, as_of, histories)
        except (LawBrokenError, DbtError) as error:
            return found | {"*": (nth, [str(error)])}
        for group, of_group in of_batch.items():
            found.setdefault(group, (nth, of_group))
    return found


def _concrete(doings: Doings) -> list[Operation]:
    """The same operations, so that they mean the same when others before them are left out."""
    return [*doings.items, *(Issue(request_id=request_id) for request_id in doings.issued)]
