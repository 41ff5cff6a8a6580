"""A small set of books, kept by hand: the marts of a story that statements can tell.

Budi sells oil in January, brings some of it back, and redeems a voucher in February; Sari
returns what she has already spent and falls into arrears. Every figure is worked out here,
so that a test says what a statement must print without any of the project's own sums.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import Connection, text

from tembaga.settings import Settings
from tembaga.warehouse import open_warehouse

PENDING_DAYS = 14

TABLES = """
create schema marts;
create schema ledger;
create table ledger.batches (batch_no bigint, as_of date, transfers bigint, head text);
create table marts.dim_rewards (
    reward text, merchant text, merchant_name text, name_id text, name_en text,
    points bigint, face_minor bigint, currency text, usable_days integer, deliver_to text
);
create table marts.fct_movements (
    batch_no bigint, transfer_no bigint, transaction_no bigint, advocate text, account text,
    rule text, event_on date, effective_on date, amount bigint, lot_no bigint,
    subject_no bigint, partner text, document text, document_date date, reward text,
    request_no bigint
);
create table marts.fct_award_lines (
    batch_no bigint, subject_no bigint, advocate text, file_no bigint, line_no bigint,
    points bigint, reason text, partner text, document text, document_date date, sku text,
    quantity_e4 bigint, amount_e4 bigint, outlet text, currency text
);
create table marts.rpt_lots (
    advocate text, lot_no bigint, pending bigint, available bigint, held bigint,
    matures_on date, expires_on date
);
"""


@dataclass(frozen=True)
class Invoice:
    """A document of a distributor, which is a subject and a lot of the ledger."""

    advocate: str
    number: int
    document: str
    on: date
    partner: str = "banyumili"

    @property
    def matures_on(self) -> date:
        return self.on + timedelta(days=PENDING_DAYS)

    @property
    def expires_on(self) -> date:
        """The end of the month, a year after the points became available."""
        month = self.matures_on.replace(year=self.matures_on.year + 1, day=28)
        return (month + timedelta(days=4)).replace(day=1) - timedelta(days=1)


@dataclass
class BookKeeper:
    """Writes what happened into a warehouse, batch by batch."""

    connection: Connection
    batch_no: int = 0
    as_of: date = date.min
    transfer_no: int = 0
    line_no: int = 1
    lots: dict[int, Invoice] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for statement in TABLES.split(";"):
            if statement.strip():
                self.connection.execute(text(statement))

    def close(self) -> None:
        """Write the lots down."""
        for lot_no, invoice in self.lots.items():
            self._insert(
                "marts.rpt_lots",
                (invoice.advocate, lot_no, *self._in_lot(lot_no)),
                (invoice.matures_on, invoice.expires_on),
            )

    def batch(self, as_of: date) -> None:
        """Begin the next batch."""
        self.batch_no += 1
        self.as_of = as_of
        head = f"{self.batch_no:02d}" * 32
        self._insert("ledger.batches", (self.batch_no, as_of, 0, head))

    def reward(self, reward: str, name_id: str, name_en: str) -> None:
        """Put a reward of 500 points and Rp 50,000 into the catalogue."""
        merchant = ("gentala_mart", "Gentala Mart")
        price = (500, 5_000_000, "IDR", 90, "code")
        self._insert("marts.dim_rewards", (reward, *merchant, name_id, name_en, *price))

    def line(
        self,
        invoice: Invoice,
        sku: str,
        quantity: int,
        price: int,
        points: int,
        *,
        document: str | None = None,
        on: date | None = None,
        reason: str | None = None,
    ) -> None:
        """A line of a sales file; of another document if it is a return."""
        self.line_no += 1
        self._insert(
            "marts.fct_award_lines",
            (self.batch_no, None if reason else invoice.number, invoice.advocate),
            (self.batch_no, self.line_no, points, reason),
            (invoice.partner, document or invoice.document, on or invoice.on, sku),
            (quantity * 10_000, quantity * price * 10_000, "BKL-01", "IDR"),
        )

    def move(
        self,
        rule: str,
        invoice: Invoice,
        effects: dict[str, int],
        *,
        on: date | None = None,
        reward: str | None = None,
        request_no: int | None = None,
    ) -> None:
        """One transfer of points of a lot, by what it does to each account of the advocate."""
        self.transfer_no += 1
        self.lots[invoice.number] = invoice
        event_on = on or self.as_of
        number, document, document_date = invoice.number, invoice.document, invoice.on
        about = (number, invoice.partner, document, document_date, None, None)
        if reward:
            about = (None, "gentala_mart", None, None, reward, request_no)
        for account, amount in effects.items():
            lot_no = None if account == "arrears" else number
            self._insert(
                "marts.fct_movements",
                (self.batch_no, self.transfer_no, self.transfer_no, invoice.advocate, account),
                (rule, event_on, event_on, amount, lot_no),
                about,
            )

    def _in_lot(self, lot_no: int) -> tuple[int, ...]:
        found = self.connection.execute(
            text(
                "select account, cast(sum(amount) as bigint) as points "
                "from marts.fct_movements "
                "where lot_no = :lot_no group by account"
            ),
            {"lot_no": lot_no},
        )
        held = {row.account: row.points for row in found}
        return tuple(held.get(account, 0) for account in ("pending", "available", "held"))

    def _insert(self, table: str, *parts: tuple[object, ...]) -> None:
        values = [value for part in parts for value in part]
        named = {f"v{nth}": value for nth, value in enumerate(values)}
        marks = ", ".join(f":{name}" for name in named)
        self.connection.execute(text(f"insert into {table} values ({marks})"), named)


REWARD = "belanja_50"
BUDI, SARI = "MK-0017", "MK-0042"
JANUARY, FEBRUARY = date(2026, 1, 31), date(2026, 2, 28)


def keep_the_story(settings: Settings) -> None:
    """Write the story of Budi and Sari into a new warehouse."""
    with open_warehouse(settings) as connection:
        keeper = BookKeeper(connection)
        keeper.reward(REWARD, "Voucher belanja Rp 50.000", "Shopping voucher, Rp 50,000")
        _january(keeper)
        _february(keeper)
        _march(keeper)
        keeper.close()


OLD = Invoice(BUDI, 1, "INV-0988", date(2025, 12, 29))
FIRST = Invoice(BUDI, 2, "INV-0012", date(2026, 1, 5))
SECOND = Invoice(BUDI, 3, "INV-0031", date(2026, 1, 20))
SMALL = Invoice(BUDI, 4, "INV-0034", date(2026, 1, 22))
THIRD = Invoice(BUDI, 5, "PK/02/0007", date(2026, 2, 9), "tapakrimba")
SARIS = Invoice(SARI, 6, "INV-0015", date(2026, 1, 6))
SARIS_NEXT = Invoice(SARI, 7, "INV-0070", date(2026, 2, 16))


def _january(keeper: BookKeeper) -> None:
    """Batches 1 and 2: sales, a late invoice, one that earns nothing, the first maturity."""
    keeper.batch(date(2026, 1, 10))
    keeper.line(OLD, "RJW-M102", 24, 52_000, 124)
    keeper.move("earn", OLD, {"pending": 124}, on=OLD.on)
    keeper.line(FIRST, "RJW-M102", 120, 52_000, 624)
    keeper.line(FIRST, "RJW-M111", 40, 31_500, 126)
    keeper.move("earn", FIRST, {"pending": 750}, on=FIRST.on)
    keeper.line(SARIS, "RJW-M102", 100, 52_000, 520)
    keeper.move("earn", SARIS, {"pending": 520}, on=SARIS.on)

    keeper.batch(date(2026, 1, 31))
    keeper.line(SECOND, "RJW-M109", 12, 415_000, 498)
    keeper.move("earn", SECOND, {"pending": 498}, on=SECOND.on)
    keeper.line(SMALL, "RJW-M101", 1, 9_500, 0)
    keeper.line(SMALL, "RJW-X901", 2, 0, 0, reason="FREE")
    keeper.line(FIRST, "RJW-M102", -20, 52_000, -104, document="RT-0003", on=date(2026, 1, 15))
    keeper.move("return_pending", FIRST, {"pending": -104}, on=date(2026, 1, 15))
    keeper.move("mature", OLD, {"pending": -124, "available": 124}, on=OLD.matures_on)
    keeper.move("mature", FIRST, {"pending": -646, "available": 646}, on=FIRST.matures_on)
    keeper.move("mature", SARIS, {"pending": -520, "available": 520}, on=SARIS.matures_on)


def _february(keeper: BookKeeper) -> None:
    """Batches 3 and 4: two vouchers, more sales, and a return of points already spent."""
    keeper.batch(date(2026, 2, 14))
    keeper.line(THIRD, "RJW-M102", 60, 52_500, 315)
    keeper.move("earn", THIRD, {"pending": 315}, on=THIRD.on)
    keeper.move("mature", SECOND, {"pending": -498, "available": 498}, on=SECOND.matures_on)
    spent = ((OLD, 124, 1), (FIRST, 376, 1), (SARIS, 500, 2))
    for lot, points, request_no in spent:
        asked = {"available": -points, "held": points}
        keeper.move("request", lot, asked, reward=REWARD, request_no=request_no)
    for lot, points, request_no in spent:
        keeper.move("issue", lot, {"held": -points}, reward=REWARD, request_no=request_no)

    keeper.batch(date(2026, 2, 28))
    keeper.line(SARIS, "RJW-M102", -50, 52_000, -260, document="RT-0009", on=date(2026, 2, 17))
    keeper.move("return_available", SARIS, {"available": -20}, on=date(2026, 2, 17))
    keeper.move("return_spent", SARIS, {"arrears": 240}, on=date(2026, 2, 17))
    keeper.line(SARIS_NEXT, "RJW-M111", 30, 31_500, 94)
    keeper.move("earn", SARIS_NEXT, {"pending": 94}, on=SARIS_NEXT.on)
    keeper.move("repay_arrears", SARIS_NEXT, {"pending": -94, "arrears": -94})


def _march(keeper: BookKeeper) -> None:
    """Batch 5, which no statement of February may know of."""
    keeper.batch(date(2026, 3, 7))
    keeper.move("mature", THIRD, {"pending": -315, "available": 315}, on=THIRD.matures_on)
