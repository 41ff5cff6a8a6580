"""Random histories give the same lots by SQL as by the oracle, whatever order they come in."""

import random
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert

from tembaga.register.tables import advocates, outlets, standing_orders
from tembaga.settings import load_settings
from tests.property.oracle import Advocate
from tests.spec.bookkeeper import CAMPAIGNS, Bookkeeper

N_ADVOCATES = 60
BATCH_DAYS = [date(2026, 1, 20), date(2026, 2, 5), date(2026, 2, 24), date(2026, 3, 20)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_histories_end_in_the_same_lots(seed: int, register: Engine, tmp_path: Path):
    chance = random.Random(seed)
    settings = load_settings(home=tmp_path / "home", programme="spec", campaigns_folder=CAMPAIGNS)
    books = Bookkeeper(register, settings)
    oracle = {f"ADV-{n:03d}": Advocate(has_order=n % 2 == 0) for n in range(N_ADVOCATES)}
    _enrol(register, oracle)
    since = date(2026, 1, 1)

    for as_of in BATCH_DAYS:
        lines = [
            line for name in oracle for line in _lines(chance, name, oracle[name], since, as_of)
        ]
        for name, person in oracle.items():
            person.batch([line[1:] for line in lines if line[0] == name], as_of)
        chance.shuffle(lines)
        for name, document, earned_on, rupiah in lines:
            on = earned_on if rupiah > 0 else as_of
            books.sells(
                name,
                document,
                on.isoformat(),
                rupiah,
                quantity=1 if rupiah > 0 else -1,
                takes_back=earned_on.isoformat(),
            )
        books.posts(as_of.isoformat())
        since = as_of
        assert _lots(books) == _expected(oracle)
        assert _arrears(books) == {n: a.arrears for n, a in oracle.items() if a.arrears}

    assert any(lot.held for person in oracle.values() for lot in person.lots.values())
    assert _ever(books, "return_spent")
    assert _ever(books, "repay_arrears")


Line = tuple[str, str, date, int]


def _lines(
    chance: random.Random, name: str, person: Advocate, since: date, until: date
) -> list[Line]:
    """New sales, late ones too, and returns of documents that are known or just come."""
    lines: list[Line] = []
    for _ in range(chance.randrange(4)):
        on = since + timedelta(days=chance.randrange((until - since).days))
        document = f"{name}-{chance.randrange(10**6)}"
        for _ in range(chance.randrange(1, 4)):
            lines.append((name, document, on, chance.randrange(1, 3_000_000)))
    known = {lot.document: lot for lot in person.lots.values() if lot.rupiah > 0}
    for document in chance.sample(sorted(known), min(len(known), chance.randrange(3))):
        lot = known[document]
        part = lot.rupiah if chance.random() < 0.5 else chance.randrange(1, lot.rupiah + 1)
        lines.append((name, document, lot.earned_on, -part))
    if lines and lines[0][3] > 0 and chance.random() < 0.3:
        _, document, on, rupiah = lines[0]
        lines.append((name, document, on, -chance.randrange(1, rupiah + 1)))
    return lines


def _lots(books: Bookkeeper) -> dict[tuple[str, str], tuple[int, int, int]]:
    rows = books.asks(
        "select advocates.advocate, documents.document, lots.pending, lots.available, lots.held "
        "from ledger.lots as lots "
        "inner join ledger.advocates as advocates on lots.advocate_no = advocates.advocate_no "
        "inner join ledger.documents as documents on lots.document_no = documents.document_no"
    )
    return {(name, document): tuple(points) for name, document, *points in rows}


def _expected(oracle: dict[str, Advocate]) -> dict[tuple[str, str], tuple[int, int, int]]:
    return {
        (name, lot.document): (lot.pending, lot.available, lot.held)
        for name, person in oracle.items()
        for lot in person.lots.values()
    }


def _arrears(books: Bookkeeper) -> dict[str, int]:
    rows = books.asks(
        "select advocate, cast(sum(amount) as bigint) from marts.fct_movements "
        "where account = 'arrears' group by advocate having sum(amount) <> 0"
    )
    return dict(rows)


def _ever(books: Bookkeeper, rule: str) -> bool:
    return bool(books.asks("select 1 from ledger.transfers where rule = :rule limit 1", rule=rule))


def _enrol(register: Engine, names: dict[str, Advocate]) -> None:
    place = {"address": "-", "city": "-", "province": "-"}
    with register.begin() as connection:
        connection.execute(insert(outlets).values(outlet="O", name="O", **place))
        for name, person in names.items():
            connection.execute(
                insert(advocates).values(
                    advocate=name, name=name, email="-", phone="-", language="id", outlet="O"
                )
            )
            if person.has_order:
                connection.execute(
                    insert(standing_orders).values(advocate=name, reward="voucher_50")
                )
