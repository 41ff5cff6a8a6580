"""The worked examples of what points must do: rounding, returns, maturity, arrears.

Every example has an advocate of its own; all are posted together, in three batches, because
no example may depend on being alone in the ledger.
"""

from sqlalchemy import insert, select

from tembaga.register.tables import advocates, batches, outlets, standing_orders
from tests.spec.bookkeeper import Bookkeeper


def test_the_worked_examples(books: Bookkeeper):
    _first_month(books)
    first = books.posts("2026-01-31")
    _second_month(books)
    second = books.posts("2026-02-20")
    _third_month(books)
    third = books.posts("2026-03-20")

    assert [first, second, third] == [1, 2, 3]
    _check_rounding(books)
    _check_partial_returns(books)
    _check_netting(books)
    _check_maturity(books)
    _check_rates(books)
    _check_clawback(books)
    _check_redemption(books)


def _first_month(books: Bookkeeper) -> None:
    # S1: three lines of 0.95 points, and 2.7 + 1.4 + 0.8 points.
    for _ in range(3):
        books.sells("ROUND-1", "R1", "2026-01-05", 9_500)
    for rupiah in (27_000, 14_000, 8_000):
        books.sells("ROUND-2", "R2", "2026-01-05", rupiah)
    # S2: the same document, to be returned line by line.
    for _ in range(3):
        books.sells("BACK", "B1", "2026-01-25", 9_500)
    # S0: a sale and its full return in one file.
    books.sells("NET", "N1", "2026-01-10", 1_000_000)
    books.returns("NET", "N1", "2026-01-10", "2026-01-12", 1_000_000)
    # S6: sold on 31 January, available 14 days later.
    books.sells("WAIT", "W1", "2026-01-31", 1_000_000)
    # The base rule by product: a product's own rate, its group's, any product's; free goods.
    books.sells("RATE", "P1", "2026-01-20", 100_000, sku="GOLD")
    books.sells("RATE", "P2", "2026-01-20", 70_000, sku="OIL", quantity=3)
    books.sells("RATE", "P3", "2026-01-20", 0, sku="OIL", quantity=3)
    books.sells("RATE", "P4", "2025-12-31", 100_000)
    # S10: 300 points that will be spent in part, and another lot of 700.
    books.sells("OWES", "A300", "2026-01-02", 3_000_000)
    books.sells("OWES", "C300", "2026-01-03", 3_000_000)
    # S17: 1,260 points, a voucher costs 500.
    books.sells("BUYS", "V1", "2026-01-02", 12_600_000)
    _orders(books, "OWES", "BUYS")


def _second_month(books: Bookkeeper) -> None:
    books.returns("BACK", "B1", "2026-01-25", "2026-01-30", 9_500)
    books.returns("WAIT", "W1", "2026-01-31", "2026-02-05", 400_000)
    # S12: the version in force on the day of the sale, though the line comes late.
    books.sells("LATE", "L1", "2026-01-30", 80_000)
    books.sells("LATE", "L2", "2026-02-01", 80_000)
    books.returns("OWES", "A300", "2026-01-02", "2026-02-10", 3_000_000)


def _third_month(books: Bookkeeper) -> None:
    books.returns("BACK", "B1", "2026-01-25", "2026-03-01", 9_500)
    books.sells("OWES", "D200", "2026-03-01", 1_600_000)  # 200 points at 1 for 8,000.


def _check_rounding(books: Bookkeeper) -> None:
    assert books.stands("ROUND-1") == {"available": 2}
    assert books.shared_out("R1", 1) == [1, 1, 0]
    assert books.stands("ROUND-2") == {"available": 4}
    assert books.shared_out("R2", 1) == [2, 1, 1]


def _check_partial_returns(books: Bookkeeper) -> None:
    assert books.moved("BACK", 1) == [("earn", 2, "B1")]
    assert books.moved("BACK", 2) == [("return_pending", 1, "B1"), ("mature", 1, "B1")]
    assert books.moved("BACK", 3) == [("return_available", 1, "B1")]
    assert books.stands("BACK") == {}


def _check_netting(books: Bookkeeper) -> None:
    assert books.moved("NET", 1) == []
    assert sum(books.shared_out("N1", 1)) == 0
    assert len(books.shared_out("N1", 1)) == 2


def _check_maturity(books: Bookkeeper) -> None:
    assert books.moved("WAIT", 1) == [("earn", 100, "W1")]
    assert books.moved("WAIT", 2) == [("return_pending", 40, "W1"), ("mature", 60, "W1")]
    expiry = books.asks("select matures_on, expires_on from marts.rpt_lots where advocate = 'WAIT'")
    assert [str(day) for day in expiry[0]] == ["2026-02-14", "2027-02-28"]


def _check_rates(books: Bookkeeper) -> None:
    assert books.shared_out("P1", 1) == [20]
    assert books.shared_out("P2", 1) == [15]
    assert books.shared_out("P3", 1) == [0]
    assert books.shared_out("P4", 1) == [0]
    reasons = books.asks(
        "select document, reason from marts.fct_award_lines where reason is not null order by 1"
    )
    assert reasons == [("P3", "FREE"), ("P4", "NO_RULE")]
    assert books.stands("LATE") == {"available": 18}


def _check_clawback(books: Bookkeeper) -> None:
    # 600 earned, 500 held: 100 of the second lot are left when the first sale is returned.
    assert books.moved("OWES", 2) == [
        ("return_available", 100, "A300"),
        ("return_spent", 200, "A300"),
    ]
    # What comes next pays that off first: 200 of 200.
    assert ("repay_arrears", 200, "D200") in books.moved("OWES", 3)
    assert books.stands("OWES") == {"held": 500}


def _check_redemption(books: Bookkeeper) -> None:
    assert books.stands("BUYS") == {"available": 260, "held": 1_000}
    assert books.asks("select points, face_minor from ledger.requests") == [(500, 5_000_000)] * 3


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


def _orders(books: Bookkeeper, *names: str) -> None:
    place = {"address": "-", "city": "-", "province": "-"}
    with books.engine.begin() as register:
        register.execute(insert(outlets).values(outlet="O", name="O", **place))
        for name in names:
            register.execute(
                insert(advocates).values(
                    advocate=name, name=name, email="-", phone="-", language="id", outlet="O"
                )
            )
            register.execute(insert(standing_orders).values(advocate=name, reward="voucher_50"))
