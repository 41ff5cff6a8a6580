"""Verify: recompute the whole ledger, and say law by law whether it holds.

    the seal    every transfer's text, digested in plain Python, against the sealed heads and
                the heads that the register has kept (`tembaga.seal`)
    the laws    one query a law, over all of history (`tembaga/laws`); it returns what breaks it

What the register knows of files, vouchers, approvals and statements is laid beside the ledger
as tables that last as long as the transaction. Nothing is changed.

dbt tests the same laws, by the same names, for what each batch touches before it is appended.
Here nothing that is kept is trusted: balances, lots and counters are added up from the
transfers, and the bytes of the files are digested anew.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Rows
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    func,
    select,
    text,
)

from tembaga import seal
from tembaga.inputs import Inputs, RulePackLostError, kept_rulepack
from tembaga.landing import folder_of, original, sha256_of
from tembaga.register.tables import (
    approvals,
    batches,
    files,
    statements,
    voucher_batches,
    vouchers,
)
from tembaga.settings import Settings
from tembaga.warehouse import has_table, open_warehouse

log = logging.getLogger(__name__)

LAWS = Path(__file__).parent / "laws"
SHOWN_ROWS = 5
ROWS_AT_ONCE = 1000
THE_SEAL = "the_seal_is_unbroken"
LOOKS_AT = "-- Looks at: "

beside = MetaData()  # Of the register, beside the ledger while it is verified.

register_files = Table(
    "register_files",
    beside,
    Column("file_no", Integer),
    Column("name", String),
    Column("feed", String),
    Column("sha256", String),
    Column("landed_sha256", String, comment="Of the bytes that lie in the landing now."),
    Column("rows_sha256", String),
    Column("landed_rows_sha256", String),
    Column("lines_accepted", BigInteger),
    Column("amount_accepted_e4", BigInteger),
    Column("batch_no", Integer),
    prefixes=["TEMPORARY"],
)

register_vouchers = Table(
    "register_vouchers",
    beside,
    Column("batch_no", Integer),
    Column("merchant", String),
    Column("currency", String),
    Column("vouchers", BigInteger),
    Column("face_minor", BigInteger),
    prefixes=["TEMPORARY"],
)

register_approvals = Table(
    "register_approvals",
    beside,
    Column("approval_no", BigInteger),
    Column("file_no", Integer),
    Column("line_no", Integer),
    Column("maker", String),
    Column("approver", String),
    Column("second_approver", String),
    Column("points", BigInteger),
    Column("advocate", String),
    Column("content_sha256", String),
    Column("found_sha256", String, comment="Of the adjustment as it was loaded."),
    prefixes=["TEMPORARY"],
)

register_statements = Table(
    "register_statements",
    beside,
    Column("statement_no", Integer),
    Column("advocate", String),
    Column("batch_no", Integer),
    Column("account", String),
    Column("points", BigInteger),
    prefixes=["TEMPORARY"],
)


class NothingToVerifyError(Exception):
    """There is no ledger; the sentence says so."""


@dataclass(frozen=True)
class Law:
    """A law of the books: its name, its sentence, and the query that finds what breaks it."""

    name: str
    number: int
    sentence: str
    looks_at: str
    query: str


@dataclass(frozen=True)
class Finding:
    """What came of one law: how much was looked at, and what breaks it."""

    law: str
    number: int
    sentence: str
    looked_at: int
    broken: int
    rows: tuple[str, ...]


def laws() -> list[Law]:
    """Every law in `tembaga/laws`, by its number in the books and its name."""
    return sorted(map(_law, LAWS.glob("*.sql")), key=lambda law: (law.number, law.name))


def verify(connection: Connection, register: Connection, *, landing: Path) -> Iterator[Finding]:
    """Look at the seal and at every law, one after the other; all of them, whatever breaks.

    Raises:
        NothingToVerifyError: Nothing was ever posted.
    """
    if not has_table(connection, "ledger", "batches"):
        raise NothingToVerifyError("Nothing was ever posted here: there is no ledger to verify.")
    yield _seal(connection, register)
    yield _inputs(connection, register, landing)
    _lay_beside(connection, register, landing)
    for law in laws():
        yield _obeyed(connection, law)
    beside.drop_all(connection)


def run(engine: Engine, *, settings: Settings, console: Console) -> int:
    """Verify the ledger and print what came of it; 1 if a law is broken, else 0."""
    table = Rows(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("#", justify="right")
    table.add_column("law")
    table.add_column("looked at", justify="right")
    table.add_column("result")
    broken = []
    with engine.connect() as register, open_warehouse(settings) as connection:
        for finding in verify(connection, register, landing=settings.landing):
            log.info("%s: %s", finding.law, finding.broken or "holds")
            result = f"[red]broken: {finding.broken:,}[/]" if finding.broken else "holds"
            table.add_row(str(finding.number), finding.law, f"{finding.looked_at:,}", result)
            if finding.broken:
                broken.append(finding)
    console.print(table)
    for finding in broken:
        console.print(f"[bold]{finding.law}[/]: {escape(finding.sentence)}")
        for row in finding.rows:
            console.print(f"  {escape(row)}", highlight=False, soft_wrap=True)
    console.print(_conclusion(broken))
    return 1 if broken else 0


def _conclusion(broken: list[Finding]) -> str:
    if not broken:
        return "Every law holds, over the whole history."
    return f"Broken laws: {len(broken)}. See docs/runbooks/verify_ledger.md."


def _law(path: Path) -> Law:
    query = path.read_text(encoding="utf-8")
    lines = [line for line in query.splitlines() if line.startswith("--")]
    [looks_at] = [line.removeprefix(LOOKS_AT) for line in lines if line.startswith(LOOKS_AT)]
    words = [line.removeprefix("-- ") for line in lines if not line.startswith(LOOKS_AT)]
    number, sentence = " ".join(words).removeprefix("Law ").split(": ", 1)
    return Law(path.stem, int(number), sentence[:1].upper() + sentence[1:], looks_at, query)


def _obeyed(connection: Connection, law: Law) -> Finding:
    looked_at = connection.scalar(text(f"select count(*) from {law.looks_at}"))
    found = connection.execute(text(law.query)).mappings()
    rows = [_in_words(row) for row in found.fetchmany(SHOWN_ROWS)]
    broken = len(rows) + sum(1 for _ in found)
    return Finding(law.name, law.number, law.sentence, looked_at or 0, broken, tuple(rows))


def _in_words(row: RowMapping) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items() if value is not None)


def _seal(connection: Connection, register: Connection) -> Finding:
    registered = select(batches.c.batch_no, batches.c.head).where(
        batches.c.published_at.is_not(None)
    )
    heads = {row.batch_no: row.head for row in register.execute(registered)}
    faults = list(seal.broken_seals(connection, heads))
    return Finding(
        law=THE_SEAL,
        number=2,
        sentence="The head of every batch follows from its transfers and all before it.",
        looked_at=connection.scalar(text("select count(*) from ledger.transfers")) or 0,
        broken=len(faults),
        rows=tuple(faults[:SHOWN_ROWS]),
    )


def _inputs(connection: Connection, register: Connection, landing: Path) -> Finding:
    """Whether what the register says of the inputs of each batch is what its head binds."""
    columns = (batches.c[name] for name in ("batch_no", "inputs"))
    kept = {row.batch_no: row.inputs for row in register.execute(select(*columns))}
    query = "select batch_no, manifest_sha256, rulepack_sha256 from ledger.batches order by 1"
    sealed: list[Any] = list(connection.execute(text(query)))
    faults = []
    for batch_no, manifest_sha256, rulepack_sha256 in sealed:
        if not kept.get(batch_no):
            faults.append(f"batch {batch_no}: the register does not say what it was made from")
        elif Inputs.model_validate(kept[batch_no]).manifest_sha256 != manifest_sha256:
            faults.append(f"batch {batch_no}: its inputs in the register give another manifest")
        try:
            kept_rulepack(landing, rulepack_sha256)
        except RulePackLostError as error:
            faults.append(f"batch {batch_no}: {error}")
    return Finding(
        law="inputs_are_those_that_were_sealed",
        number=2,
        sentence="The inputs and the rule pack that are kept are those that the head binds.",
        looked_at=len(sealed),
        broken=len(faults),
        rows=tuple(faults[:SHOWN_ROWS]),
    )


def _lay_beside(connection: Connection, register: Connection, landing: Path) -> None:
    beside.drop_all(connection)
    beside.create_all(connection)
    _fill(connection, register_files, _files(register, landing))
    _fill(connection, register_vouchers, _vouchers(register))
    _fill(connection, register_approvals, _approvals(connection, register))
    _fill(connection, register_statements, _statements(register))


def _fill(
    connection: Connection, table: Table, rows: Iterable[RowMapping | dict[str, Any]]
) -> None:
    left = iter(rows)
    while some := list(islice(left, ROWS_AT_ONCE)):
        connection.execute(table.insert().values([dict(row) for row in some]))


def _files(register: Connection, landing: Path) -> Iterator[dict[str, Any]]:
    """The files that were loaded, with the digests of what lies in the landing."""
    loaded = select(files).where(files.c.state == "loaded").order_by(files.c.file_no)
    for file in _streamed(register, loaded):
        folder = folder_of(landing, file["partner"], file["file_no"])
        amount = file["amount_accepted"]
        yield {
            "file_no": file["file_no"],
            "name": f"{file['partner']}/{file['name']}",
            "feed": file["feed"],
            "sha256": file["sha256"],
            "landed_sha256": _digest(
                original(landing, file["partner"], file["file_no"], file["name"])
            ),
            "rows_sha256": file["rows_sha256"],
            "landed_rows_sha256": _digest(folder / "rows.parquet"),
            "lines_accepted": file["lines_accepted"],
            "amount_accepted_e4": None if amount is None else int(amount * 10_000),
            "batch_no": file["batch_no"],
        }


def _digest(path: Path) -> str | None:
    return sha256_of(path) if path.is_file() else None


def _vouchers(register: Connection) -> Iterator[RowMapping]:
    return _streamed(
        register,
        select(
            vouchers.c.batch_no,
            voucher_batches.c.merchant,
            voucher_batches.c.currency,
            func.count().label("vouchers"),
            func.sum(vouchers.c.face_minor).label("face_minor"),
        )
        .join(voucher_batches)
        .where(vouchers.c.batch_no.is_not(None))
        .group_by(vouchers.c.batch_no, voucher_batches.c.merchant, voucher_batches.c.currency),
    )


def _approvals(connection: Connection, register: Connection) -> Iterator[dict[str, Any]]:
    """The approvals, each with the digest of the adjustment that bears its number."""
    loaded = {
        row.approval_no: [row.advocate, row.points, row.adjusted_on]
        for row in connection.execute(
            text("select approval_no, advocate, points, adjusted_on from raw.adjustments")
        )
    }
    for row in _streamed(register, select(approvals)):
        approval = {name: row[name] for name in row if name in register_approvals.c}
        words = [row["reason"], row["maker"], row["approver"], row["second_approver"]]
        adjusted = loaded.get(row["approval_no"])
        if adjusted:
            content = "\x1f".join("" if word is None else str(word) for word in adjusted + words)
            approval["found_sha256"] = sha256(content.encode()).hexdigest()
        yield {"found_sha256": None} | approval


def _statements(register: Connection) -> Iterator[dict[str, Any]]:
    """What each statement closes with, account by account."""
    columns = (statements.c[name] for name in ("statement_no", "advocate", "batch_no", "closing"))
    for statement in _streamed(register, select(*columns)):
        for account, points in statement["closing"].items():
            yield {
                "statement_no": statement["statement_no"],
                "advocate": statement["advocate"],
                "batch_no": statement["batch_no"],
                "account": account,
                "points": points,
            }


def _streamed(register: Connection, query: Any) -> Iterator[RowMapping]:
    options = {"stream_results": True, "yield_per": ROWS_AT_ONCE}
    yield from register.execute(query, execution_options=options).mappings()
