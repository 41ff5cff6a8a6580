"""What posting was asked for and did not do: lines that it declined, returns that wait.

A declined line has its code in the ledger, and the code its sentence in `expectations/office.py`.
A return that has found no sale moves no points; it waits until the sale comes (S11).
"""

from decimal import Decimal

from sqlalchemy import Connection, text

from expectations.office import OFFICE_CODES
from tembaga.questions import Answer, Point

DECLINED_COLUMNS = ("batch_no", "file_no", "line_no", "feed", "code", "why", "what_to_do")
WAITING_COLUMNS = (
    "file_no", "line_no", "partner", "document", "document_date", "days", "advocate", "sku",
    "units_waiting", "units_returned", "returns_document",
)  # fmt: skip

DECLINED = """
select batch_no, file_no, line_no, feed, code
from ledger.declined
where batch_no <= :batch_no
order by batch_no, file_no, line_no, code
"""

DECLINED_AFTER = "select count(*) from ledger.declined where batch_no > :batch_no"

# `open_returns` holds what waits now; the first to wait stands first.
WAITING = """
select
    sales.file_no, sales.line_no, partners.partner, sales.document, sales.document_date,
    sales.advocate, sales.sku, open_returns.quantity_e4, -sales.quantity_e4 as returned_e4,
    sales.returns_document, (select max(as_of) from ledger.batches) as books_on
from ledger.open_returns as open_returns
inner join raw.sales as sales
    on open_returns.file_no = sales.file_no
    and open_returns.line_no = sales.line_no
left join raw.partners as partners on sales.partner_no = partners.partner_no
where open_returns.quantity_e4 > 0
order by sales.document_date, sales.file_no, sales.line_no
"""


def declined(connection: Connection, seen: Point) -> Answer:
    """The lines of papers that posting could not do, each with its reason, up to a batch."""
    found = connection.execute(text(DECLINED), {"batch_no": seen.batch_no}).all()
    rows = [(*row, OFFICE_CODES[row.code].says, OFFICE_CODES[row.code].hint) for row in found]
    return Answer(f"Lines that were declined, {seen.words}: {len(rows)}", DECLINED_COLUMNS, rows)


def declined_after(connection: Connection, batch_no: int) -> int:
    """How many lines were declined in the batches after this one."""
    found = connection.execute(text(DECLINED_AFTER), {"batch_no": batch_no})
    return int(found.scalar_one())


def waiting_returns(connection: Connection) -> Answer:
    """The returns that wait for their sale as the books stand, the oldest first.

    `days` is how old their documents are then; units have as many decimals as they need.
    """
    rows = [
        (
            row.file_no, row.line_no, row.partner, row.document, row.document_date,
            (row.books_on - row.document_date).days,
            row.advocate, row.sku, _units(row.quantity_e4), _units(row.returned_e4),
            row.returns_document,
        )
        for row in connection.execute(text(WAITING))
    ]  # fmt: skip
    return Answer(f"Returns that wait for their sale: {len(rows)}", WAITING_COLUMNS, rows)


def _units(quantity_e4: int) -> str:
    return f"{Decimal(quantity_e4).scaleb(-4).normalize():f}"
