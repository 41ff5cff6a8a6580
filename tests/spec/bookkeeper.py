"""A bookkeeper for the tests: writes down what comes in, and posts it for real.

Each batch is made of loaded files in a real register and a real warehouse, posted by
`tembaga.post`. What loading would say of a line is written down with it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any
from zlib import crc32

from sqlalchemy import Engine, func, insert, select, text

from tembaga import post as posting
from tembaga import warehouse as tables
from tembaga.agreements import Agreement
from tembaga.register.tables import (
    advocates,
    batches,
    files,
    outlets,
    standing_orders,
    voucher_batches,
    vouchers,
)
from tembaga.settings import Settings
from tembaga.warehouse import has_table, open_warehouse, read_warehouse
from tests.property.inputs import (
    Adjustment,
    Cancellation,
    Input,
    Judged,
    Line,
    Merge,
    OpeningBalance,
    Request,
    Reversal,
    placed,
)

CAMPAIGNS = Path(__file__).parent / "campaigns"
DISTRIBUTOR, MERCHANT = 1, 101
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
UNKNOWN_REQUEST = 10**12
FIRST_LINE = 2  # The header is 1.


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
        "distributor": Agreement(
            **common, **distributor, name="Distributor", feeds={"sales": feed}
        ),
        "merchant": Agreement(**common, **merchant, name="Merchant"),
    }


@dataclass
class Bookkeeper:
    """Writes lines into the next file, and posts it."""

    engine: Engine
    settings: Settings
    agreements: dict[str, Agreement] = field(default_factory=agreements)
    lines: list[Line] = field(default_factory=list)

    # ---- what comes in, in words ----

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
        """One accepted line for the next file; by default a unit costs a rupiah.

        `takes_back` is the day of the document that a return undoes; both have one number.
        """
        self.lines.append(
            Line(
                advocate,
                document,
                date.fromisoformat(on),
                rupiah * 10_000,
                (rupiah if quantity is None else quantity) * 10_000,
                sku,
                line_ref=f"{self.next_file_no()}/{len(self.lines)}",
                returns_document=document if takes_back else None,
            )
        )

    def returns(self, advocate: str, document: str, sold_on: str, on: str, rupiah: int) -> None:
        """A line that takes back part of a document."""
        self.sells(advocate, document, on, -rupiah, takes_back=sold_on)

    def posts(self, as_of: str) -> int | None:
        """Load what was written as one file, post it, and give the number of the batch."""
        if self.lines:
            file_no = self.next_file_no()
            lines = enumerate(self.lines, FIRST_LINE)
            self.write(placed(line, (file_no, line_no)) for line_no, line in lines)
            self.lines.clear()
        return posting.post(
            self.engine,
            date.fromisoformat(as_of),
            agreements=self.agreements,
            settings=self.settings,
        )

    # ---- what comes in, as the oracle takes it ----

    def next_file_no(self) -> int:
        """The number of the next file."""
        with self.engine.connect() as register:
            return (register.scalar(select(func.max(files.c.file_no))) or 0) + 1

    def write(self, items: Iterable[Input | Judged]) -> None:
        """Write loaded files into the register and the warehouse."""
        by_place = sorted(items, key=_place)
        with self.engine.begin() as register:
            for file_no, of_file in groupby(by_place, key=lambda item: _place(item)[0]):
                register.execute(insert(files).values(**_file(file_no, list(of_file))))
        numbers = self.request_numbers() if any(map(_cancels, by_place)) else {}
        rows: dict[str, list[dict[str, object]]] = {}
        for item in by_place:
            for table, row in _rows(item, numbers):
                rows.setdefault(table, []).append(row)
        with open_warehouse(self.settings) as warehouse:
            for table, of_table in rows.items():
                warehouse.execute(tables.raw.tables[f"raw.{table}"].insert(), of_table)

    def enrols(self, orders: dict[str, str | None]) -> None:
        """Enrol advocates, with the reward of their standing order if they have one."""
        place = {"address": "-", "city": "-", "province": "-"}
        person = {"email": "-", "phone": "-", "language": "id", "outlet": "O"}
        with self.engine.begin() as register:
            if not register.execute(select(outlets.c.outlet)).first():
                register.execute(insert(outlets).values(outlet="O", name="O", **place))
            for name, reward in orders.items():
                register.execute(insert(advocates).values(advocate=name, name=name, **person))
                if reward is not None:
                    register.execute(insert(standing_orders).values(advocate=name, reward=reward))

    def issues(self, request_ids: Sequence[str]) -> None:
        """Deliver the vouchers of open requests; the next batch posts them as issued."""
        known = self.request_numbers()
        numbers = [known[request_id] for request_id in request_ids if request_id in known]
        with self.engine.begin() as register:
            number = register.scalar(select(func.count()).select_from(voucher_batches)) + 1
            first = register.scalar(select(func.count()).select_from(vouchers)) + 1
            register.execute(
                insert(voucher_batches).values(
                    voucher_batch_no=number,
                    merchant=f"merchant {number}",
                    batch_no=register.scalar(select(func.max(batches.c.batch_no))),
                    vouchers=len(numbers),
                    face_minor=1,
                    currency="IDR",
                    delivered_at=LONG_AGO,
                )
            )
            for voucher_no, request_no in enumerate(numbers, first):
                register.execute(
                    insert(vouchers).values(
                        voucher_no=voucher_no,
                        request_no=request_no,
                        voucher_batch_no=number,
                        advocate="-",
                        reward="-",
                        face_minor=1,
                        code_hmac=voucher_no.to_bytes(32),
                        usable_until=date.max,
                        deliver_to="code",
                    )
                )

    # ---- what stands in the books ----

    def asks(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        """Rows of the warehouse; `values` stand in the query as `:name`."""
        with read_warehouse(self.settings) as warehouse:
            return [tuple(row) for row in warehouse.execute(text(query), values)]

    def request_numbers(self) -> dict[str, int]:
        """The number of each request: by its id, or by advocate, day and rank."""
        numbers: dict[str, int] = {}
        orders: dict[tuple[str, date], int] = {}
        with read_warehouse(self.settings) as warehouse:
            if not has_table(warehouse, "ledger", "requests"):
                return {}
        for request_no, request_id, advocate, day in self.asks(
            "select requests.request_no, requests.request_id, advocates.advocate, "
            "requests.requested_on from ledger.requests as requests "
            "inner join ledger.advocates as advocates "
            "on requests.advocate_no = advocates.advocate_no order by requests.request_no"
        ):
            if request_id is None:
                nth = orders[advocate, day] = orders.get((advocate, day), 0) + 1
                request_id = f"{advocate}/{day}/{nth}"
            numbers[request_id] = request_no
        return numbers

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


def _place(item: Input | Judged) -> tuple[int, int]:
    return item.line.place if isinstance(item, Judged) else item.place


def _cancels(item: Input | Judged) -> bool:
    return isinstance(item, Cancellation)


def _file(file_no: int, items: Sequence[Input | Judged]) -> dict[str, object]:
    first = items[0]
    feed = "sales" if isinstance(first, Judged) else first.feed
    return {
        "file_no": file_no,
        "partner": "distributor",
        "name": f"{file_no}.csv",
        "size_bytes": 1,
        "modified_at": LONG_AGO,
        "seen_at": LONG_AGO,
        "state": "loaded",
        "feed": feed,
        "sha256": f"{file_no:064x}",
    }


def _rows(
    item: Input | Judged, request_numbers: dict[str, int]
) -> list[tuple[str, dict[str, object]]]:
    """The raw rows that one line of a file becomes."""
    if isinstance(item, Line):
        item = Judged(item)
    if isinstance(item, Judged):
        return _sales_rows(item)
    file_no, line_no = item.place
    place: dict[str, object] = {"file_no": file_no, "line_no": line_no}
    match item:
        case Request():
            row: dict[str, object] = {
                "request_id": item.request_id,
                "advocate": item.advocate,
                "reward": item.reward,
                "requested_at": item.requested_at,
                "requested_on": item.on,
            }
        case Cancellation():
            row = {
                "request_no": request_numbers.get(item.request_id, UNKNOWN_REQUEST),
                "points": item.points,
                "cause": item.cause,
                "cancelled_on": item.on,
            }
        case Adjustment():
            row = {
                "approval_no": item.approval_no,
                "advocate": item.advocate,
                "points": item.points,
                "adjusted_on": item.on,
            }
        case OpeningBalance():
            row = {
                "advocate": item.advocate,
                "points": item.points,
                "earned_on": item.earned_on,
                "expires_on": item.expires_on,
            }
        case Merge():
            row = {"advocate": item.advocate, "into_advocate": item.into}
        case Reversal():
            row = {"batch_no": item.batch_no}
    return [(item.feed, place | row)]


def _sales_rows(judged: Judged) -> list[tuple[str, dict[str, object]]]:
    line = judged.line
    file_no, line_no = line.place
    row: dict[str, object] = {
        "file_no": file_no,
        "line_no": line_no,
        "partner_no": DISTRIBUTOR,
        "document": line.document,
        "document_date": line.on,
        "line_ref": line.line_ref,
        "advocate": line.advocate,
        "outlet": "OUTLET",
        "sku": line.sku,
        "quantity_e4": line.quantity_e4,
        "amount_e4": line.amount_e4,
        "currency": "IDR",
        "returns_document": line.returns_document,
        "line_key": crc32(repr(line.key).encode()),
        "content_key": crc32(repr(line).encode()),
        "outcome": judged.outcome,
        "code": judged.code,
        "unit": line.unit,
        "tax_basis": line.tax_basis,
        "action": line.action,
        "version": line.version,
        "second_advocate": line.second_advocate,
    }
    rows = [("sales", row)]
    if judged.replaces is not None and judged.outcome != "duplicate":
        replaces_file_no, replaces_line_no = judged.replaces
        rows.append(
            (
                "replacements",
                {
                    "file_no": file_no,
                    "line_no": line_no,
                    "replaces_file_no": replaces_file_no,
                    "replaces_line_no": replaces_line_no,
                },
            )
        )
    return rows
