"""One file of sales goes through the six stages, and the document that tells of it is right.

`docs/a_day_in_the_ledger.md` holds the prose. Its figures stand between marks, such as
`<!-- transfers -->`, and are what the stages bring forth here; what the prose says of them in
numbers must stand among them. When they change, run
`python -m pytest tests/end_to_end/test_a_day_in_the_ledger.py --accept`, and read the prose again.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from email import message_from_bytes
from email.policy import default as default_policy
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import select

from tembaga import stages
from tembaga.demo.delivery import drop
from tembaga.embedded import services
from tembaga.installation import Installation
from tembaga.landing import folder_of
from tembaga.register.enrol import enrol
from tembaga.register.tables import files, standing_orders
from tembaga.settings import PROJECT, load_settings
from tembaga.upgrade import upgrade

DOCUMENT = PROJECT / "docs" / "a_day_in_the_ledger.md"
STORY = Path(__file__).parent / "a_day_in_the_ledger"
PARTNER, MERCHANT = "banyumili", "gentala_mart"
READER = "Indra Firmansyah"
BEFORE, THE_DAY = date(2026, 1, 14), date(2026, 1, 31)
FILE_NO = 2  # The file that the document follows; the first is what came before.
KEY = b"a key for this document, and no other"

OUTCOMES = ("in", "accepted", "duplicate", "held", "rejected")


class OnADay(Installation):
    """An installation whose clock stands still."""

    day = BEFORE

    def now(self) -> datetime:
        return datetime.fromisoformat(f"{self.day}T17:00:00+07:00")


@dataclass
class Narrator:
    """Lets the day pass, and writes down after each stage what there is to see."""

    here: OnADay
    blocks: dict[str, str] = field(default_factory=dict)

    def tells_of_what_came_before(self) -> None:
        stages.receive_files(self.here, print)
        stages.post_ledger(self.here, BEFORE, print)
        self.blocks |= {
            "advocates": _fenced(_text(STORY / "advocates.csv"), "csv"),
            "standing orders": _fenced(_text(STORY / "standing_orders.csv"), "csv"),
            "rates": _fenced(_text(self.here.settings.campaigns / "base.yml"), "yaml"),
            "file before": _fenced(_text(STORY / f"SALES_{BEFORE}.csv"), "csv"),
            "award lines before": self._asks("award_lines", batch_no=1),
            "transfers before": self._asks("transfers", batch_no=1),
        }

    def tells_of_the_file(self) -> None:
        """Receive, validate and load."""
        self.blocks["file"] = _fenced(_text(STORY / f"SALES_{THE_DAY}.csv"), "csv")
        assert stages.look(self.here) == [FILE_NO]
        stages.receive(self.here, FILE_NO)
        self.blocks["received"] = self._register("file_no", "partner", "name", "state", "sha256")
        stages.validate(self.here, FILE_NO)
        self.blocks["validated"] = self._outcomes()
        self.blocks["rejects"] = self._asks("rejects", path=str(self._folder() / "rejects.parquet"))
        assert stages.load(self.here) == [FILE_NO]
        self.blocks["lines"] = self._asks("lines", file_no=FILE_NO)
        self.blocks["loaded"] = self._outcomes()
        assert stages.acknowledge(self.here) == 1
        [answer] = (self._zone() / "ack").glob("00000002_*.csv")
        self.blocks["acknowledgement"] = _fenced(answer.read_bytes().decode("utf-8-sig"), "csv")
        self.blocks["places"] = _fenced("\n".join(self._places()))

    def tells_of_the_batch(self) -> None:
        """Post."""
        assert stages.post(self.here, THE_DAY) == 2
        self.blocks |= {
            "subjects": self._asks("subjects"),
            "award lines": self._asks("award_lines", batch_no=2),
            "shares": self._asks("shares"),
            "transfers": self._asks("transfers", batch_no=2),
            "lots": self._asks("lots"),
            "trial balance": self._asks("trial_balance"),
            "seal": self._seal(),
        }

    def tells_of_the_voucher(self) -> None:
        """Issue."""
        assert stages.issue(self.here) == 1
        assert stages.deliver(self.here) == 1
        assert stages.record(self.here, THE_DAY) == 3
        [batch] = (self.here.settings.root / "drop_zone" / MERCHANT / "vouchers").iterdir()
        self.blocks |= {
            "voucher file": _fenced(batch.read_bytes().decode(), "csv"),
            "transfers of the issue": self._asks("transfers", batch_no=3),
            "trial balance after the issue": self._asks("trial_balance"),
            "heads": self._asks("heads"),
        }

    def tells_of_the_statement(self) -> None:
        """Send."""
        assert stages.prepare(self.here, THE_DAY) == stages.send(self.here) == 2
        mails = [
            message_from_bytes(path.read_bytes(), policy=default_policy)
            for path in (self.here.settings.root / "mail").glob("*.eml")
        ]
        [mail] = [mail for mail in mails if READER in mail["To"]]
        self.blocks["statement"] = _fenced(mail.get_body(("plain",)).get_content())
        self.blocks["trace"] = self._asks("trace")

    def _asks(self, query: str, **values: object) -> str:
        """The answer of the warehouse to a query of the story, as a table."""
        return _table(*self._rows(query, **values))

    def _rows(self, query: str, **values: object) -> tuple[list[str], list[tuple[Any, ...]]]:
        """The columns and rows of the same."""
        with duckdb.connect(str(self.here.settings.warehouse_file), read_only=True) as warehouse:
            found = warehouse.execute(_text(STORY / f"{query}.sql"), values)
            return [column[0] for column in found.description], found.fetchall()

    def _file(self) -> Any:
        with self.here.engine.connect() as register:
            return register.execute(select(files).where(files.c.file_no == FILE_NO)).one()._mapping

    def _register(self, *columns: str) -> str:
        file = self._file()
        return _table(["column", "value"], [(name, f"`{file[name]}`") for name in columns])

    def _outcomes(self) -> str:
        file = self._file()
        sums = [(name, file[f"lines_{name}"], file[f"amount_{name}"]) for name in OUTCOMES]
        for column in (1, 2):
            assert sums[0][column] == sum(row[column] for row in sums[1:])
        return _table(["outcome", "lines", "amount"], sums)

    def _folder(self) -> Path:
        return folder_of(self.here.settings.landing, PARTNER, FILE_NO)

    def _zone(self) -> Path:
        return self.here.settings.root / "drop_zone" / PARTNER

    def _places(self) -> Iterator[str]:
        """Where the file, its rows and its answers lie now, below the home."""
        found = [*self._folder().rglob("*"), *self._zone().rglob("00000002_*")]
        for path in sorted(path for path in found if path.is_file()):
            yield str(path.relative_to(self.here.settings.root))

    def _seal(self) -> str:
        """The head of the batch, by hand: what anybody can work out who has the ledger."""
        _, rows = self._rows("sealed_transfers", batch_no=2)
        _, [[*batch, rulepack, head]] = self._rows("sealed_batch", batch_no=2)
        transfers = "\n".join("|".join("-" if v is None else str(v) for v in row) for row in rows)
        block, manifest = _sha256(transfers), self._manifest()
        root = _sha256(block)
        sealed = "|".join(map(str, [*batch, root, _sha256(manifest), rulepack]))
        assert _sha256(sealed) == head
        parts = {
            "transfers": transfers,
            "block": block,
            "root": root,
            "manifest": manifest,
            "manifest_sha256": _sha256(manifest),
            "rulepack_sha256": rulepack,
            "sealed": sealed,
            "head": head,
        }
        return _fenced("\n\n".join(f"{name}\n{value}" for name, value in parts.items()))

    def _manifest(self) -> str:
        """What the batch was made from: its kind, its files, and the orders of that day."""
        with self.here.engine.connect() as register:
            orders = register.execute(
                select(standing_orders).order_by(standing_orders.c.advocate)
            ).all()
        lines = [f"order|{order.reward}|{order.advocate}" for order in orders]
        return "\n".join(["kind|day", "open_from|-", f"file|{self._file()['sha256']}", *lines])


def test_the_document_tells_what_the_stages_did(tmp_path: Path, accept: bool):
    written = DOCUMENT.read_text(encoding="utf-8")
    with _installation(tmp_path / "home") as here:
        narrator = Narrator(here)
        _drop(here, BEFORE)
        narrator.tells_of_what_came_before()
        here.day = THE_DAY
        _drop(here, THE_DAY)
        narrator.tells_of_the_file()
        narrator.tells_of_the_batch()
        narrator.tells_of_the_voucher()
        narrator.tells_of_the_statement()

    found = _filled(written, narrator.blocks)
    if accept:
        DOCUMENT.write_text(found, encoding="utf-8")

    assert _marks(written) == list(narrator.blocks)
    assert _numbers(_prose(written)) <= _numbers("".join(narrator.blocks.values()))
    assert found == written or accept, "Run this test with --accept, and read what changed."


@contextmanager
def _installation(home: Path) -> Iterator[OnADay]:
    """A home of the demo programme with two mechanics, and a key for vouchers that is known."""
    settings = load_settings(home=home, settle_seconds=0.05, drop_zone_port=0, smtp_port=0)
    with services.running(settings) as reachable, OnADay(reachable) as here:
        (reachable.keys / "vouchers").write_bytes(KEY)
        upgrade(here.settings)
        enrol(
            here.engine,
            outlets=STORY / "outlets.csv",
            advocates=STORY / "advocates.csv",
            standing_orders=STORY / "standing_orders.csv",
        )
        yield here


def _drop(here: Installation, day: date) -> None:
    drop([STORY / f"SALES_{day}.csv"], partner=PARTNER, settings=here.settings)


def _filled(document: str, blocks: dict[str, str]) -> str:
    """The document with what is true now between its marks."""
    for name, block in blocks.items():
        between = re.compile(f"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        document = between.sub(
            lambda found, block=block: f"{found[1]}\n{block}\n{found[2]}", document
        )
    return document


def _marks(document: str) -> list[str]:
    return re.findall(r"^<!-- ([^/].*) -->$", document, re.MULTILINE)


def _prose(document: str) -> str:
    """What people have written in the document: not what stands between marks, nor addresses."""
    written = re.sub(r"<!-- ([^/].*?) -->\n.*?<!-- /\1 -->", "", document, flags=re.DOTALL)
    return re.sub(r"\]\([^)]*\)", "]", written)


def _numbers(text: str) -> set[str]:
    """The numbers in a text, one-digit ones aside."""
    return {number.replace(",", "") for number in re.findall(r"\d[\d,.]*\d", text)}


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table in Markdown; a column of numbers stands at the right."""
    is_number = [
        any(isinstance(row[nth], int | Decimal) for row in rows) for nth in range(len(columns))
    ]
    rule = ["---:" if number else "---" for number in is_number]
    lines = [columns, rule, *([_cell(value) for value in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, int | Decimal):
        return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
    return f"`{value}`" if isinstance(value, str) and ":" in value else str(value)


def _fenced(text: str, language: str = "text") -> str:
    return f"```{language}\n{text.replace(chr(13), '').rstrip()}\n```\n"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
