"""The same lines, posted on DuckDB and on PostgreSQL, give the same heads."""

import random
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import Engine, insert

from tembaga.register.tables import advocates, outlets, standing_orders
from tembaga.settings import load_settings
from tests.spec.bookkeeper import CAMPAIGNS, Bookkeeper

# Names that people sort in another order than their bytes.
NAMES = [f"{first}{last}" for first in "aAbBzZ_éÉ-" for last in ("", "1", "_1", " 1")]
BATCH_DAYS = [date(2026, 1, 20), date(2026, 2, 24), date(2026, 4, 20)]


def test_random_lines_give_the_same_heads(
    register: Engine,
    other_register: Engine,
    postgres_warehouse: dict[str, str],
    tmp_path: Path,
):
    heads = []
    for engine, warehouse in ((register, {}), (other_register, postgres_warehouse)):
        home = tmp_path / warehouse.get("warehouse", "duckdb")
        settings = load_settings(
            home=home, programme="spec", campaigns_folder=CAMPAIGNS, **warehouse
        )
        heads.append(post_random_lines(Bookkeeper(engine, settings)))

    assert heads[0] == heads[1]
    assert len(heads[0]) == len(BATCH_DAYS)


def post_random_lines(books: Bookkeeper) -> list[tuple]:
    """Post a history in three batches, and give its heads; the same each time."""
    chance = random.Random(20260101)
    _order(books, NAMES[::2])
    since = date(2026, 1, 1)
    sold: list[tuple[str, str, date, int]] = []
    for as_of in BATCH_DAYS:
        for name in NAMES:
            for _ in range(chance.randrange(6)):
                on = since + timedelta(days=chance.randrange((as_of - since).days))
                document = chance.choice(NAMES)
                rupiah = chance.randrange(1, 8_000_000)
                books.sells(name, document, on.isoformat(), rupiah)
                sold.append((name, document, on, rupiah))
        for name, document, on, rupiah in chance.sample(sold, len(sold) // 5):
            part = chance.randrange(1, rupiah + 1)
            books.returns(name, document, on.isoformat(), as_of.isoformat(), part)
        books.posts(as_of.isoformat())
        since = as_of
    return books.asks("select batch_no, n_transfers, totals, head from ledger.batches order by 1")


def _order(books: Bookkeeper, names: list[str]) -> None:
    place = {"address": "-", "city": "-", "province": "-"}
    with books.engine.begin() as register:
        register.execute(insert(outlets).values(outlet="O", name="O", **place))
        for name in names:
            person = {"name": name, "email": "-", "phone": "-", "language": "id", "outlet": "O"}
            register.execute(insert(advocates).values(advocate=name, **person))
            register.execute(insert(standing_orders).values(advocate=name, reward="voucher_50"))
