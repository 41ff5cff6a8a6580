"""The worked examples, given to the oracle and to the real ledger.

All examples of a programme are posted together, in the batches of all their days: none may
depend on being alone in the ledger.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tembaga.rulepack import load_rulepack
from tembaga.settings import load_settings
from tembaga.verify import verify
from tembaga.warehouse import read_warehouse
from tests.property.inputs import Line, Reversal
from tests.property.rates import Rules, shares
from tests.property.side_by_side import (
    Doings,
    Facts,
    Oracles,
    SideBySide,
    oracles_of,
    placed_in_files,
    told,
    told_apart,
)
from tests.spec.bookkeeper import CAMPAIGNS, Bookkeeper
from tests.spec.examples import Example, Step, examples

EXAMPLES = examples()
PROGRAMMES = sorted({example.programme for example in EXAMPLES})
LAWS_OF_POINTS = (
    "every_target_is_posted",
    "points_lead_to_their_lines",
    "every_line_has_one_outcome",
    "nothing_is_returned_twice",
    "a_cap_is_kept",
)
ACCOUNTS = ("pending", "available", "held", "arrears")


@pytest.mark.parametrize("programme", PROGRAMMES)
def test_the_oracle_gives_every_worked_example(programme: str):
    oracles = _oracles(programme)
    last_file_no, last_day = 0, None

    def post(as_of: date, doings: Mapping[str, Doings]) -> None:
        nonlocal last_file_no, last_day
        doings, places = placed_in_files(doings, last_file_no + 1)
        last_file_no = max((file_no for file_no, _ in places), default=last_file_no)
        oracles.own_batches(last_day or as_of, doings)
        oracles.day(as_of, doings, oracles.judge(doings))
        last_day = as_of

    _go_through(programme, oracles, post, lambda: told(oracles, _all(oracles)))


@pytest.mark.parametrize("programme", PROGRAMMES)
def test_the_ledger_gives_every_worked_example(
    programme: str, register: Engine, tmp_path: Path, warehouse: dict[str, str]
):
    settings = load_settings(
        home=tmp_path / "home", programme=programme, campaigns_folder=CAMPAIGNS, **warehouse
    )
    books, oracles = Bookkeeper(register, settings), _oracles(programme)
    books.enrols(dict(oracles.orders))
    sides = SideBySide(books, oracles)

    def post(as_of: date, doings: Mapping[str, Doings]) -> None:
        differences = sides.day(as_of, doings)
        assert not differences, told_apart(differences)

    _go_through(programme, oracles, post, lambda: sides.found(_all(oracles)), books)

    with read_warehouse(settings) as opened, register.connect() as connection:
        found = [
            finding
            for law in LAWS_OF_POINTS
            for finding in verify(opened, connection, landing=settings.landing, only=law)
        ]
    assert not [finding for finding in found if finding.broken]


def _go_through(
    programme: str,
    oracles: Oracles,
    post: Callable[[date, Mapping[str, Doings]], None],
    facts_now: Callable[[], Mapping[str, Facts]],
    books: Bookkeeper | None = None,
) -> None:
    """Post every day of the examples, and check those that say something of it."""
    chosen = [example for example in EXAMPLES if example.programme == programme]
    since = dict.fromkeys((example.name for example in chosen), 1)
    for as_of in sorted({step.by for example in chosen for step in example.steps}):
        due = [(e, step) for e in chosen for step in e.steps if step.by == as_of]
        post(as_of, {e.name: _doings(e, step, oracles) for e, step in due})
        facts = facts_now()
        for example, step in due:
            where = f"{example.name} ({example.title}), by {as_of}"
            _check(step, facts[example.name], since[example.name], where)
            _check_shares(example, step, oracles, books)
            since[example.name] = oracles.batch_no + 1


def _doings(example: Example, step: Step, oracles: Oracles) -> Doings:
    items = list(step.items)
    if step.reverses:
        batches = oracles.books[example.name].batches
        items.append(Reversal(next(no for no, batch in batches.items() if batch.merged)))
    return Doings(items, step.issued)


def _check(step: Step, facts: Facts, since: int, where: str) -> None:
    posted = Counter(
        (rule, amount)
        for batch_no, rule, unit, _, _, amount, *_ in facts["transfers"].elements()
        if batch_no >= since and unit == "PTS"
    )
    assert posted == Counter(step.posted), where
    stands = _stands(facts)
    accounts = {fact for fact in step.stands if fact.split()[0] in ACCOUNTS}
    if accounts:
        named = {fact.split()[0] for fact in accounts}
        assert accounts == {fact for fact in stands if fact.split()[0] in named}, where
    others = {fact for fact in step.stands if fact.split()[0] in ("lot", "waiting", "declined")}
    assert others <= stands, where


def _stands(facts: Facts) -> set[str]:
    """How an example's books stand, in the words of the tables."""
    points: Counter[str] = Counter()
    found = {f"declined {code}" for _, _, code, *_ in facts["declined"]}
    for *_, expires_on, _, pending, available, held, _, _ in facts["lots"].elements():
        points.update(pending=pending, available=available, held=held)
        found |= {f"lot {available} {expires_on}"} if available else set()
    for _, owed in facts["arrears"].elements():
        points["arrears"] += owed
    waiting = sum(quantity for _, _, quantity in facts["open returns"].elements())
    return found | {f"{a} {n}" for a, n in points.items() if n} | {f"waiting {waiting // 10_000}"}


def _check_shares(example: Example, step: Step, oracles: Oracles, books: Bookkeeper | None) -> None:
    """The points of each line, where a table says them."""
    for fact in step.stands:
        word, *values = fact.split()
        if word != "shared":
            continue
        document, expected = f"{example.name}-{values[0]}", [int(n) for n in values[1:]]
        rules = oracles.books[example.name].rules
        lines = [i for i in step.items if isinstance(i, Line) and i.document == document]
        exact = [rules.points(line, line.quantity_e4, line.amount_e4) for line in lines]
        assert shares(exact, sum(expected)) == expected
        if books is not None:
            assert books.shared_out(document, oracles.batch_no) == expected


def _oracles(programme: str) -> Oracles:
    rules = Rules(load_rulepack(CAMPAIGNS / programme))
    chosen = [example for example in EXAMPLES if example.programme == programme]
    orders: dict[str, str] = {}
    for example in chosen:
        orders |= example.orders
    return oracles_of([example.name for example in chosen], rules, orders)


def _all(oracles: Oracles) -> list[int]:
    return list(range(1, oracles.batch_no + 1))
