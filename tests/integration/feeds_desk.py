"""A desk where the files of several partners land, are validated and loaded."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from paramiko import SFTPClient
from sqlalchemy import Engine, Row, func, insert, select, text

from tembaga import landing
from tembaga.acknowledge import acknowledge
from tembaga.agreements import Agreement
from tembaga.landing import folder_of, sha256_of
from tembaga.load import load
from tembaga.plain_feeds import PLAIN_FEEDS
from tembaga.receive import look, receive
from tembaga.register.tables import files
from tembaga.settings import Settings
from tembaga.validate import validate
from tembaga.waiting import to_answer
from tembaga.warehouse import read_warehouse

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
SALES = ("document", "document_date", "advocate", "outlet", "sku", "quantity", "amount")
OF_MERCHANTS = {"claims", "voucher_status"}


def agreement(partner: str, number: int, *feeds: str, **more: Any) -> Agreement:
    """An agreement about feeds whose columns are called as ours are."""
    agreed = {
        feed.name: {
            "files": f"{feed.name}_*.csv",
            "format": "csv",
            "columns": {
                name: {"header": name}
                for name in feed.model_fields["columns"].annotation.model_fields
                if name != "language"
            },
        }
        for feed in PLAIN_FEEDS
        if feed.name in feeds
    }
    more.setdefault("may_also_send", tuple({"opening_balances"} & set(feeds)))  # fmt: skip
    kind = "merchant" if OF_MERCHANTS & set(feeds) else "distributor"
    if kind == "distributor":
        agreed["sales"] = {
            "files": "sales_*.csv",
            "format": "csv",
            "currency": "IDR",
            "columns": {name: {"header": name} for name in SALES},
        } | more.pop("sales", {})
    return Agreement.model_validate(
        {
            "partner": partner,
            "number": number,
            "kind": kind,
            "name": partner.title(),
            "programme": "demo",
            "language": "en",
            "contact": {"name": "Someone", "email": "someone@example.org"},
            "feeds": agreed,
        }
        | more
    )


class Desk:
    """Lands files of partners, validates and loads them."""

    def __init__(self, register: Engine, settings: Settings, *agreements: Agreement) -> None:
        self.register = register
        self.settings = settings
        self.agreements = {agreed.partner: agreed for agreed in agreements}

    def brings(self, feed: str, *lines: dict[str, str], partner: str = "north") -> int:
        """Land and validate a file of these lines; its number."""
        rows = [list(lines[0]), *(list(line.values()) for line in lines)]
        return self.drops(f"{feed}_1.csv", "".join(f"{','.join(r)}\n" for r in rows), partner)

    def drops(self, name: str, content: str, partner: str = "north") -> int:
        """Land and validate a file; its number."""
        with self.register.begin() as connection:
            file_no = (connection.scalar(select(func.max(files.c.file_no))) or 0) + 1
            path = landing.original(self.settings.landing, partner, file_no, name)
            path.parent.mkdir(parents=True)
            path.write_text(content, encoding="utf-8")
            facts = {"file_no": file_no, "partner": partner, "name": name, "state": "landed"}
            facts |= {"size_bytes": len(content), "modified_at": NOW, "seen_at": NOW}
            connection.execute(insert(files).values(facts | {"sha256": sha256_of(path)}))
        self.validates(file_no)
        return file_no

    def receives(self, sftp: SFTPClient) -> None:
        """Take what lies in the inboxes."""
        now = datetime.now(UTC)
        settings = self.settings
        seen: list[int] = []
        while not seen:  # A file is left until it has rested.
            seen = look(sftp, self.register, self.agreements, settings=settings, now=now)
        for file_no in seen:
            receive(sftp, self.register, file_no, settings=settings)

    def answers(self, sftp: SFTPClient) -> None:
        """Answer every file that waits for it."""
        acknowledge(
            sftp,
            self.register,
            to_answer(self.register, partners=self.agreements),
            agreements=self.agreements,
            settings=self.settings,
            now=NOW,
        )

    def validates(self, file_no: int) -> None:
        """Validate a file, perhaps once more."""
        agreed = self.agreements[self.file(file_no).partner]
        validate(self.register, file_no, agreement=agreed, settings=self.settings)

    def loads(self) -> list[int]:
        """Load what waits; every loaded file adds up."""
        loaded = load(self.register, agreements=self.agreements, settings=self.settings)
        for file_no in loaded:
            file = self.file(file_no)
            parts = (file.lines_accepted, file.lines_duplicate, file.lines_held)
            assert sum(parts) + file.lines_rejected == file.lines_in
        return loaded

    def takes(self, feed: str, *lines: dict[str, str], partner: str = "north") -> dict[int, set]:
        """Bring a file and load it; the codes of the lines that were not accepted."""
        file_no = self.brings(feed, *lines, partner=partner)
        assert self.file(file_no).state == "validated", self.file(file_no).code
        self.loads()
        return self.codes(file_no)

    def file(self, file_no: int) -> Row[Any]:
        with self.register.connect() as connection:
            return connection.execute(select(files).where(files.c.file_no == file_no)).one()

    def codes(self, file_no: int) -> dict[int, set[str]]:
        """The codes of each line that was not accepted."""
        folder = folder_of(self.settings.landing, self.file(file_no).partner, file_no)
        found: dict[int, set[str]] = {}
        for name in ("rejects.parquet", "findings.parquet"):
            if (folder / name).exists():
                for line_no, code in duckdb.sql(
                    f"select line_no, code from '{folder / name}'"
                ).fetchall():
                    found.setdefault(line_no, set()).add(code)
        return found

    def read(self, path: Path) -> list[tuple[Any, ...]]:
        """The rows of a Parquet file."""
        return duckdb.sql(f"from '{path}'").fetchall()

    def asks(self, query: Any) -> list[tuple[Any, ...]]:
        """Rows of the register."""
        with self.register.connect() as connection:
            return [tuple(row) for row in connection.execute(query)]

    def asks_warehouse(self, query: str) -> list[tuple[Any, ...]]:
        with read_warehouse(self.settings) as warehouse:
            return [tuple(row) for row in warehouse.execute(text(query))]
