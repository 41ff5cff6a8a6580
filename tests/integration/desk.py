"""A desk where files land and are validated, for the tests of what becomes of them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import duckdb
from sqlalchemy import Engine, Row, func, insert, select

from tembaga.agreements import Agreement
from tembaga.landing import folder_of, original
from tembaga.register.tables import files
from tembaga.settings import Settings
from tembaga.validate import validate

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
HEADERS = {
    "document": "invoice",
    "document_line": "line",
    "document_date": "date",
    "advocate": "member",
    "outlet": "shop",
    "sku": "product",
    "quantity": "qty",
    "amount": "amount",
    "returns_document": "returns",
}
LINE = {
    "invoice": "F-1",
    "line": "1",
    "date": "2026-03-01",
    "member": "A-1",
    "shop": "O-1",
    "product": "RJW-M101",
    "qty": "2",
    "amount": "100.50",
    "returns": "",
}


def agreement(*, without: tuple[str, ...] = (), **feed: Any) -> Agreement:
    """The agreement of a distributor whose sales files have the plainest form, but for `feed`."""
    columns = {name: {"header": h} for name, h in HEADERS.items() if name not in without}
    sales = {"files": "*", "format": "csv", "currency": "IDR", "columns": columns}
    sales["unlisted"] = {"advocate": "accept", "outlet": "accept", "sku": "accept"}
    return Agreement.model_validate(
        {
            "partner": "north",
            "number": 1,
            "kind": "distributor",
            "name": "North",
            "programme": "demo",
            "language": feed.pop("language", "en"),
            "contact": {"name": "Someone", "email": "someone@north.example"},
            "feeds": {"sales": sales | feed},
        }
    )


def text(*lines: Mapping[str, str], delimiter: str = ",", without: tuple[str, ...] = ()) -> bytes:
    """A file of these lines; what a line does not say is as in `LINE`."""
    headers = [header for name, header in HEADERS.items() if name not in without]
    rows = [headers, *([(LINE | line)[header] for header in headers] for line in lines)]
    return "".join(delimiter.join(row) + "\n" for row in rows).encode()


@dataclass(frozen=True)
class Judged:
    """A file that was validated, and what stands beside it."""

    file: Row[Any]
    rows: list[dict[str, Any]]
    rejects: list[dict[str, Any]]

    @property
    def codes(self) -> dict[int, set[str]]:
        """The codes of each line that was not accepted."""
        found: dict[int, set[str]] = {}
        for reject in self.rejects:
            found.setdefault(reject["line_no"], set()).add(reject["code"])
        return found


class Desk:
    """Lands files of one partner and validates them."""

    def __init__(self, register: Engine, settings: Settings) -> None:
        self.register = register
        self.settings = settings

    def land(self, data: bytes, name: str = "sales.csv") -> int:
        """Land a file; its number."""
        with self.register.begin() as connection:
            last = connection.scalar(select(func.max(files.c.file_no))) or 0
            path = original(self.settings.landing, "north", last + 1, name)
            path.parent.mkdir(parents=True)
            path.write_bytes(data)
            facts = {"file_no": last + 1, "partner": "north", "name": name, "state": "landed"}
            facts |= {"size_bytes": len(data), "modified_at": NOW, "seen_at": NOW}
            facts |= {"sha256": hashlib.sha256(data).hexdigest()}
            connection.execute(insert(files).values(facts))
        return last + 1

    def judge(
        self, data: bytes, agreed: Agreement | None = None, name: str = "sales.csv"
    ) -> Judged:
        """Land a file and validate it. Whatever it holds, its lines and money add up."""
        file_no = self.land(data, name)
        validate(self.register, file_no, agreement=agreed or agreement(), settings=self.settings)
        judged = self.judged(file_no)
        if judged.file.state == "validated":
            _adds_up(judged.file)
        return judged

    def judged(self, file_no: int) -> Judged:
        """What is known of a file."""
        with self.register.connect() as connection:
            file = connection.execute(select(files).where(files.c.file_no == file_no)).one()
        folder = folder_of(self.settings.landing, "north", file_no)
        read = [
            duckdb.sql(f"from '{folder / name}'").fetchdf().to_dict("records")
            if file.state == "validated"
            else []
            for name in ("rows.parquet", "rejects.parquet")
        ]
        return Judged(file, *read)


def _adds_up(file: Row[Any]) -> None:
    facts = file._mapping
    for unit in ("lines", "amount"):
        parts = [facts[f"{unit}_{part}"] for part in ("accepted", "duplicate", "held", "rejected")]
        assert sum(map(Fraction, parts)) == facts[f"{unit}_in"]
