"""What holds for every batch, whatever is in it."""

from sqlalchemy import select

from tembaga.register.tables import batches
from tests.spec.bookkeeper import Bookkeeper


def test_a_line_that_brings_no_points_says_why(books: Bookkeeper):
    books.sells("RATE", "P3", "2026-01-20", 0, sku="OIL", quantity=3)
    books.sells("RATE", "P4", "2025-12-31", 100_000)
    books.posts("2026-01-31")

    reasons = books.asks(
        "select document, points, reason from marts.fct_award_lines order by document"
    )
    assert reasons == [("P3", 0, "FREE"), ("P4", 0, "NO_RULE")]


def test_a_second_posting_posts_nothing(books: Bookkeeper):
    books.sells("TWICE", "T1", "2026-01-05", 100_000)

    assert books.posts("2026-01-31") == 1
    assert books.posts("2026-01-31") is None
    assert books.asks("select count(*) from ledger.batches") == [(1,)]


def test_the_books_never_go_back(books: Bookkeeper):
    books.sells("BACK", "T1", "2026-01-05", 100_000)
    books.posts("2026-01-31")
    books.sells("BACK", "T2", "2026-01-06", 100_000)
    books.posts("2026-01-20")

    days = books.asks("select as_of from ledger.batches order by batch_no")
    assert [str(day) for (day,) in days] == ["2026-01-31", "2026-01-31"]


def test_batches_are_chained_by_their_heads(books: Bookkeeper):
    for day in ("05", "06"):
        books.sells("CHAIN", day, f"2026-01-{day}", 100_000)
        books.posts(f"2026-01-{day}")

    rows = books.asks("select previous_head, head from ledger.batches order by batch_no")
    assert rows[0][0] == "-"
    assert rows[1][0] == rows[0][1]
    with books.engine.connect() as register:
        heads = register.execute(select(batches.c.head).order_by(batches.c.batch_no)).scalars()
        assert [head for _, head in rows] == list(heads)
