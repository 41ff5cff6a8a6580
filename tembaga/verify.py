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
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Rows
from sqlalchemy import Connection, Engine, RowMapping, select, text

from tembaga import seal
from tembaga.inputs import Inputs, RulePackLostError, kept_rulepack
from tembaga.register.tables import batches
from tembaga.register_facts import beside, lay_beside
from tembaga.settings import Settings
from tembaga.warehouse import has_table, open_warehouse

log = logging.getLogger(__name__)

LAWS = Path(__file__).parent / "laws"
SHOWN_ROWS = 5
THE_SEAL = "the_seal_is_unbroken"
THE_INPUTS = "inputs_are_those_that_were_sealed"
LOOKS_AT = "-- Looks at: "


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


def verify(
    connection: Connection, register: Connection, *, landing: Path, only: str | None = None
) -> Iterator[Finding]:
    """Look at the seal and at every law, one after the other, or at `only` one by its name.

    Raises:
        NothingToVerifyError: Nothing was ever posted, or there is no such law.
    """
    if not has_table(connection, "ledger", "batches"):
        raise NothingToVerifyError("Nothing was ever posted here: there is no ledger to verify.")
    chosen = [law for law in laws() if only in (None, law.name)]
    if not chosen and only not in (THE_SEAL, THE_INPUTS):
        names = ", ".join([THE_SEAL, THE_INPUTS, *(law.name for law in laws())])
        raise NothingToVerifyError(f"There is no law {only}. The laws are: {names}.")
    if only in (None, THE_SEAL):
        yield _seal(connection, register)
    if only in (None, THE_INPUTS):
        yield _inputs(connection, register, landing)
    if any(law.looks_at in beside.tables for law in chosen):
        lay_beside(connection, register, landing)
    for law in chosen:
        yield _obeyed(connection, law)
    beside.drop_all(connection)


def run(engine: Engine, *, settings: Settings, console: Console, only: str | None = None) -> int:
    """Verify the ledger and print what came of it; 1 if a law is broken, else 0."""
    table = Rows(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("#", justify="right")
    table.add_column("law")
    table.add_column("looked at", justify="right")
    table.add_column("result")
    broken = []
    with engine.connect() as register, open_warehouse(settings) as connection:
        for finding in verify(connection, register, landing=settings.landing, only=only):
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
    console.print(_conclusion(broken, only))
    return 1 if broken else 0


def _conclusion(broken: list[Finding], only: str | None) -> str:
    if not broken:
        return f"{'This' if only else 'Every'} law holds, over the whole history."
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
        law=THE_INPUTS,
        number=2,
        sentence="The inputs and the rule pack that are kept are those that the head binds.",
        looked_at=len(sealed),
        broken=len(faults),
        rows=tuple(faults[:SHOWN_ROWS]),
    )
