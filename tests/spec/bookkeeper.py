"""A bookkeeper for the worked examples: writes down sales and returns, and posts them for real.

Each batch is a loaded file in a real register and a real warehouse, posted by `tembaga.post`.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import md5
from pathlib import Path

from sqlalchemy import Engine, func, insert, select, text

from tembaga import post as posting
from tembaga.agreements import Agreement
from tembaga.register.tables import files
from tembaga.settings import Settings
from tembaga.warehouse import open_warehouse, read_warehouse, sales

CAMPAIGNS = Path(__file__).parent / "campaigns"
DISTRIBUTOR, MERCHANT = 1, 101
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def agreements() -> dict[str, Agreement]:
    """One distributor and one merchant."""
    contact = {"name": "Nobody", "email": "nobody@tembaga.example"}
    common = {"programme": "spec", "language": "en", "contact": contact}
    names = ("document", "document_date", "advocate", "outlet", "sku", "quantity", "amount")
    feed = {
        "files": "*.csv",
        "format": "csv",
        "currency": "IDR",
        "columns": {name: {"header": name} for name in names},
    }
    distributor = {"partner": "distributor", "number": DISTRIBUTOR, "kind": "distributor"}
    merchant = {"partner": "merchant", "number": MERCHANT, "kind": "merchant"}
    return {
        "distributor": Agreement(**common, **distributor, name="Distributor", sales=feed),
        "merchant": Agreement(**common, **merchant, name="Merchant"),
    }


@dataclass
class Bookkeeper:
    """Writes lines into the next file, and posts it."""

    engine: Engine
    settings: Settings
    agreements: dict[str, Agreement] = field(default_factory=agreements)
    lines: list[dict[str, object]] = field(default_factory=list)
    documents: int = 0

    def sells(
        self,
        advocate: str,
        document: str,
        on: str,
        rupiah: int,
        *,
        sku: str = "ANY",
        quantity: int | None = None,
        takes_back: str | None = None,
    ) -> None:
        """One accepted line; `takes_back` is the day of the document that a return undoes."""
        self.lines.append(
            {
                "advocate": advocate,
                "document": document,
                "document_date": date.fromisoformat(on),
                "sku": sku,
                "quantity_e4": (rupiah if quantity is None else quantity) * 10_000,
                "returns_document": document if takes_back else None,
                "amount_e4": rupiah * 10_000,
            }
        )

    def returns(self, advocate: str, document: str, sold_on: str, on: str, rupiah: int) -> None:
        """A line that takes back part of a document."""
        self.sells(advocate, document, on, -rupiah, takes_back=sold_on)

    def posts(self, as_of: str) -> int | None:
        """Load what was written as one file, post it, and give the number of the batch."""
        if self.lines:
            self._load()
        return posting.post(
            self.engine,
            date.fromisoformat(as_of),
            agreements=self.agreements,
            settings=self.settings,
        )

    def asks(self, query: str, **values: object) -> list[tuple]:
        """Rows of the warehouse; `values` stand in the query as `:name`."""
        with read_warehouse(self.settings) as warehouse:
            return [tuple(row) for row in warehouse.execute(text(query), values)]

    def stands(self, advocate: str) -> dict[str, int]:
        """What is on the accounts of an advocate; accounts at zero are left out."""
        rows = self.asks(
            "select account, cast(sum(amount) as bigint) from marts.fct_movements "
            "where advocate = :advocate group by account having sum(amount) <> 0 "
            "order by account",
            advocate=advocate,
        )
        return dict(rows)

    def moved(self, advocate: str, batch_no: int) -> list[tuple[str, int, str]]:
        """The transfers of an advocate in a batch: rule, amount and document."""
        return self.asks(
            "select distinct on (transfer_no) rule, abs(amount), document "
            "from marts.fct_movements where advocate = :advocate and batch_no = :batch_no "
            "order by transfer_no",
            advocate=advocate,
            batch_no=batch_no,
        )

    def shared_out(self, document: str, batch_no: int) -> list[int]:
        """The points of each line of a document in a batch, in order of the lines."""
        rows = self.asks(
            "select points from marts.fct_award_lines "
            "where document = :document and batch_no = :batch_no order by file_no, line_no",
            document=document,
            batch_no=batch_no,
        )
        return [points for (points,) in rows]

    def _load(self) -> None:
        with self.engine.begin() as register:
            file_no = register.scalar(select(func.coalesce(func.max(files.c.file_no), 0))) + 1
            register.execute(
                insert(files).values(
                    file_no=file_no,
                    partner="distributor",
                    name=f"{file_no}.csv",
                    size_bytes=1,
                    modified_at=LONG_AGO,
                    seen_at=LONG_AGO,
                    state="loaded",
                    sha256=md5(str(self.lines).encode(), usedforsecurity=False).hexdigest() * 2,
                )
            )
        with open_warehouse(self.settings) as warehouse:
            warehouse.execute(
                sales.insert(),
                [
                    {
                        "file_no": file_no,
                        "line_no": line_no,
                        "partner_no": DISTRIBUTOR,
                        "line_ref": str(line_no),
                        "outlet": "OUTLET",
                        "currency": "IDR",
                        "line_key": line_no,
                        "content_key": line_no,
                        "outcome": "accepted",
                        "code": None,
                        **line,
                    }
                    for line_no, line in enumerate(self.lines, start=2)
                ],
            )
        self.lines.clear()
