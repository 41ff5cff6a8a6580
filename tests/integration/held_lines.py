"""An office whose partner sends lines that must wait, for the tests of what becomes of them."""

import hashlib
from datetime import UTC, datetime

import duckdb
from sqlalchemy import func, insert, select, text

from tembaga import landing, papers
from tembaga.agreements import Agreement
from tembaga.load import load
from tembaga.register.tables import advocates, batches, files, outlets
from tembaga.validate import validate
from tembaga.warehouse import read_warehouse
from tests.spec.bookkeeper import Bookkeeper

RELEASES = "of_file_no,of_line_no,decision,reason,maker,approver\n"
OUTCOMES = ("accepted", "duplicate", "held", "rejected")
NOW = datetime(2026, 2, 10, 1, 0, tzinfo=UTC)
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


def agreement(*, without: tuple[str, ...] = (), **feed: object) -> Agreement:
    """A distributor whose lines wait until advocate and outlet are enrolled."""
    columns = {name: {"header": h} for name, h in HEADERS.items() if name not in without}
    sales = {"files": "*", "format": "csv", "currency": "IDR", "columns": columns}
    return Agreement.model_validate(
        {
            "partner": "distributor",
            "number": 1,
            "kind": "distributor",
            "name": "Distributor",
            "programme": "spec",
            "language": "en",
            "contact": {"name": "Nobody", "email": "nobody@tembaga.example"},
            "feeds": {
                "sales": sales
                | {"unlisted": {"advocate": "hold", "outlet": "hold", "sku": "accept"}}
                | feed
            },
        }
    )


class Office(Bookkeeper):
    """A bookkeeper whose files lie in the landing, as they came."""

    agreed: Agreement = agreement()

    def lands(self, *lines: str, name: str = "sales_{}.csv") -> int:
        """Land and validate a sales file of these lines; its number, which the name may place."""
        named = self.agreed.feeds.sales.columns.named()
        header = ",".join(h for name, h in HEADERS.items() if name in named)
        content = "".join(f"{line}\n" for line in (header, *lines)).encode()
        with self.engine.begin() as register:
            file_no = register.scalar(select(func.coalesce(func.max(files.c.file_no), 0))) + 1
            name = name.format(file_no)
            path = landing.original(self.settings.landing, "distributor", file_no, name)
            path.parent.mkdir(parents=True)
            path.write_bytes(content)
            facts = {"partner": "distributor", "name": name, "state": "landed"}
            facts |= {"size_bytes": len(content), "modified_at": NOW, "seen_at": NOW}
            facts |= {"sha256": hashlib.sha256(content).hexdigest()}
            register.execute(insert(files).values(file_no=file_no, **facts))
        validate(self.engine, file_no, agreement=self.agreed, settings=self.settings)
        return file_no

    def loads(self) -> list[int]:
        """Load what is there; the numbers of the files. Whatever it was, every file adds up."""
        self.agreements["distributor"] = self.agreed
        loaded = load(self.engine, agreements=self.agreements, settings=self.settings)
        self.adds_up()
        return loaded

    def receives(self, *lines: str, name: str = "sales_{}.csv") -> int:
        """Land, validate and load a sales file; its number."""
        file_no = self.lands(*lines, name=name)
        self.loads()
        return file_no

    def enrols(self, *names: str) -> None:
        """Enrol advocates, at a shop that is enrolled too if it was not."""
        with self.engine.begin() as register:
            if not register.scalar(select(func.count()).select_from(outlets)):
                shop = {"outlet": "SHOP", "name": "Shop", "address": "", "city": "", "province": ""}
                register.execute(insert(outlets).values(shop))
            for name in names:
                person = {"advocate": name, "name": name, "email": f"{name}@tembaga.example"}
                person |= {"phone": "", "language": "en", "outlet": "SHOP"}
                register.execute(insert(advocates).values(person))

    def figures(self, file_no: int) -> tuple[int, ...]:
        """Lines in, accepted, duplicate, held, rejected."""
        with self.engine.connect() as register:
            file = register.execute(select(files).where(files.c.file_no == file_no)).one()
        parts = ("in", "accepted", "duplicate", "held", "rejected")
        return tuple(getattr(file, f"lines_{part}") for part in parts)

    def adds_up(self) -> None:
        """In = accepted + duplicate + held + rejected, of each file, in lines and in money."""
        with self.engine.connect() as register:
            found = register.execute(select(files).where(files.c.amount_in.is_not(None)))
            for file in found.mappings():
                for unit in ("lines", "amount"):
                    assert sum(file[f"{unit}_{o}"] for o in OUTCOMES) == file[f"{unit}_in"]
                assert min(file[f"lines_{o}"] for o in OUTCOMES) >= 0

    def loaded(self) -> list[tuple]:
        """The lines of the warehouse: file, line, outcome and code."""
        query = "select file_no, line_no, outcome, code from raw.sales order by 1, 2"
        with read_warehouse(self.settings) as warehouse:
            return [tuple(row) for row in warehouse.execute(text(query))]

    def findings(self, file_no: int) -> list[tuple]:
        """What loading has found in a file: line, code, column and value."""
        return self._told(file_no, "findings.parquet")

    def rejects(self, file_no: int) -> list[tuple]:
        """What validation has found in a file."""
        return self._told(file_no, "rejects.parquet")

    def _told(self, file_no: int, name: str) -> list[tuple]:
        path = landing.folder_of(self.settings.landing, "distributor", file_no) / name
        return duckdb.sql(
            f"select line_no, code, field, seen from '{path}' order by 1, 2"
        ).fetchall()

    def submits(self, feed: str, content: str) -> None:
        """Take a paper of the office."""
        path = self.settings.root / "paper.csv"
        path.write_text(content)
        papers.submit(self.engine, feed, path, settings=self.settings, now=NOW)

    def says(self, decision: str, *lines: str) -> None:
        """Answer held lines, as `17/5`, and take them up."""
        of = ("".join(f"{line.replace('/', ',')},{decision},Seen,Sri,Budi\n") for line in lines)
        self.submits("releases", RELEASES + "".join(of))
        self.loads()

    def heads(self) -> list[str]:
        with self.engine.connect() as register:
            return list(register.scalars(select(batches.c.head).order_by(batches.c.batch_no)))
