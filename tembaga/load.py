"""Load: accepted rows become raw rows of the warehouse, by `file_no`.

Here a line meets what came before it. The file plane has looked at one file alone; only the
warehouse knows whether a line came already in another file, whether a correction has something
to correct (S13), and whether the sale of a return is there yet (S11). What is found goes to
`findings.parquet` beside the file's rows and into its acknowledgement.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Connection, Engine, Row, func, select, text

from tembaga import parquet
from tembaga.agreements import Agreement
from tembaga.judging import judge
from tembaga.landing import folder_of, sha256_of
from tembaga.load_plain import load_plain
from tembaga.reading import quoted
from tembaga.register.locks import LOADING_LOCK, one_at_a_time
from tembaga.register.tables import files
from tembaga.settings import Settings
from tembaga.warehouse import has_table, open_warehouse, read_warehouse, replacements, sales

log = logging.getLogger(__name__)

# What a file may say of a line beside what every file says.
OPTIONAL = {
    "unit": "varchar",
    "tax_basis": "varchar",
    "action": "varchar",
    "version": "integer",
    "second_advocate": "varchar",
}

# The file's rows, as they came out of validation.
ARRIVING = """
select
    cast(files.file_no as integer) as file_no,
    cast(rows.line_no as integer) as line_no,
    cast(files.partner_no as integer) as partner_no,
    rows.document,
    rows.document_date,
    rows.line_ref,
    rows.advocate,
    rows.outlet,
    rows.sku,
    rows.quantity_e4,
    rows.amount_e4,
    files.currency,
    rows.returns_document,
    rows.line_key,
    rows.content_key,
    {optional}
from {rows} as rows
inner join (values {files}) as files (path, file_no, partner_no, currency)
    on rows.filename = files.path
"""

LOADED = """
insert into raw.sales (
    file_no, line_no, partner_no, document, document_date, line_ref, advocate, outlet, sku,
    quantity_e4, amount_e4, currency, returns_document, line_key, content_key, outcome, code,
    unit, tax_basis, action, version, second_advocate
)
select
    arriving.file_no,
    arriving.line_no,
    arriving.partner_no,
    arriving.document,
    arriving.document_date,
    arriving.line_ref,
    arriving.advocate,
    arriving.outlet,
    arriving.sku,
    arriving.quantity_e4,
    arriving.amount_e4,
    arriving.currency,
    arriving.returns_document,
    arriving.line_key,
    arriving.content_key,
    case
        when judged.code is null then 'accepted'
        when judged.code = 'DUPLICATE' then 'duplicate'
        else 'held'
    end as outcome,
    judged.code,
    arriving.unit,
    arriving.tax_basis,
    arriving.action,
    arriving.version,
    arriving.second_advocate
from loading_arriving as arriving
inner join loading_judged as judged
    on arriving.file_no = judged.file_no
    and arriving.line_no = judged.line_no
order by arriving.file_no, arriving.line_no
"""

REPLACED = """
insert into raw.replacements (file_no, line_no, replaces_file_no, replaces_line_no)
select file_no, line_no, replaces_file_no, replaces_line_no
from loading_judged
where replaces_file_no is not null
order by file_no, line_no
"""

FINDINGS = """
select
    file_no,
    line_no,
    outcome,
    code,
    case
        when code = 'RETURN_UNMATCHED' and returns_document is not null then 'returns_document'
        else 'document'
    end as field,
    case
        when code = 'RETURN_UNMATCHED' and returns_document is not null then returns_document
        else document
    end as seen,
    amount_e4
from raw.sales
where code is not null and file_no in ({file_nos})
"""

FOUND = {
    "file_no": "integer",
    "line_no": "integer",
    "outcome": "varchar",
    "code": "varchar",
    "field": "varchar",
    "seen": "varchar",
    "amount_e4": "bigint",
}

FINDINGS_OF_A_FILE = """
select
    line_no,
    outcome,
    code,
    field,
    seen,
    cast(amount_e4 * cast(0.0001 as decimal(5, 4)) as decimal(38, 10)) as amount
from found
where file_no = {file_no}
order by line_no
"""

OUTCOMES = """
select
    file_no,
    outcome,
    count(*) as n_lines,
    sum(amount_e4) as amount_e4
from raw.sales
where file_no in ({file_nos}) and outcome <> 'accepted'
group by file_no, outcome
"""


class LinesLostError(Exception):
    """Loading would lose lines; the sentence says of which file."""


@dataclass(frozen=True)
class Arrival:
    """A validated file that is to be loaded: where its rows lie, and how many they must be."""

    file_no: int
    partner_no: int
    currency: str
    rows: Path
    n_lines: int


def load(engine: Engine, *, agreements: dict[str, Agreement], settings: Settings) -> list[int]:
    """Load every validated file that is not loaded yet, and return their numbers.

    Those of plain feeds go first, in their order, for they enrol and name what sales speak of.
    All sales files are loaded in one transaction of the warehouse: their order does not matter.
    A second call, or one after a crash, loads nothing twice. A file of a partner with whom
    there is no agreement any more waits until there is one.

    Raises:
        LinesLostError: The warehouse would not hold every accepted line; nothing is loaded.
    """
    with engine.connect() as register, one_at_a_time(register, LOADING_LOCK):
        plain = load_plain(register, agreements=agreements, settings=settings)
        waiting = register.execute(
            select(files.c.file_no, files.c.partner, files.c.currency, files.c.lines_accepted)
            .where(
                files.c.state == "validated",
                files.c.feed == "sales",
                files.c.partner.in_(list(agreements)),
            )
            .order_by(files.c.file_no)
        ).all()
        register.rollback()
        arrivals = [
            Arrival(
                file_no=file.file_no,
                partner_no=agreements[file.partner].number,
                currency=file.currency,
                rows=folder_of(settings.landing, file.partner, file.file_no) / "rows.parquet",
                n_lines=file.lines_accepted,
            )
            for file in waiting
        ]
        if arrivals:
            _load(engine, arrivals, settings)
    log.info("loaded %d files", len(plain) + len(arrivals))
    return sorted([*plain, *(arrival.file_no for arrival in arrivals)])


def load_rows(warehouse: Connection, arrivals: Sequence[Arrival]) -> None:
    """Put the rows of these files into the warehouse, judged against what is there.

    What comes of it follows from the rows, their order and what the warehouse holds alone, so
    that a replay gets the same. Loading them a second time replaces them.

    Raises:
        LinesLostError: The warehouse would not hold every line; nothing must be committed.
    """
    paths = [arrival.rows for arrival in arrivals]
    given = parquet.columns_of(paths)
    optional = {
        name: f"cast({f'rows.{name}' if name in given else 'null'} as {kind}) as {name}"
        for name, kind in OPTIONAL.items()
    }
    named = (
        f"({quoted(str(arrival.rows))}, {arrival.file_no}, {arrival.partner_no}, "
        f"{quoted(arrival.currency)})"
        for arrival in arrivals
    )
    arriving = ARRIVING.format(
        rows=parquet.read(paths), files=", ".join(named), optional=", ".join(optional.values())
    )
    numbers = [arrival.file_no for arrival in arrivals]
    for table in (sales, replacements):
        warehouse.execute(table.delete().where(table.c.file_no.in_(numbers)))
    parquet.read_into(warehouse, "loading_arriving", arriving)
    judge(warehouse)
    warehouse.execute(text(LOADED))
    warehouse.execute(text(REPLACED))
    _prove(warehouse, arrivals)


def newest_sale(settings: Settings) -> date | None:
    """The day of the newest document that was ever accepted, or None if there is none."""
    with read_warehouse(settings) as warehouse:
        if not has_table(warehouse, "raw", "sales"):
            return None
        return warehouse.execute(
            select(func.max(sales.c.document_date)).where(sales.c.outcome == "accepted")
        ).scalar_one()


def _load(engine: Engine, arrivals: Sequence[Arrival], settings: Settings) -> None:
    digests = {arrival.file_no: sha256_of(arrival.rows) for arrival in arrivals}
    with open_warehouse(settings) as warehouse:
        load_rows(warehouse, arrivals)
        file_nos = _listed(arrivals)
        changed = warehouse.execute(text(OUTCOMES.format(file_nos=file_nos))).all()
        parquet.write(
            warehouse,
            FINDINGS.format(file_nos=file_nos),
            FOUND,
            {
                arrival.rows.with_name("findings.parquet"): FINDINGS_OF_A_FILE.format(
                    file_no=arrival.file_no
                )
                for arrival in arrivals
            },
        )
        last_batch_no = _last_batch_no(warehouse)
    _record(engine, digests, changed, last_batch_no)


def _prove(warehouse: Connection, arrivals: Sequence[Arrival]) -> None:
    """Every line that validation accepted is in the warehouse, file by file (law 6)."""
    counted = warehouse.execute(
        text(
            "select file_no, count(*) as n_lines from raw.sales "
            f"where file_no in ({_listed(arrivals)}) group by file_no"
        )
    ).all()
    found = {row.file_no: row.n_lines for row in counted}
    for arrival in arrivals:
        if found.get(arrival.file_no, 0) != arrival.n_lines:
            raise LinesLostError(
                f"File {arrival.file_no} has {arrival.n_lines} accepted lines, but "
                f"{found.get(arrival.file_no, 0)} of them would be loaded; nothing was loaded. "
                "Have the file validated again: set its state in the register to landed."
            )


def _last_batch_no(warehouse: Connection) -> int:
    """The last batch that the warehouse had when these files met its history; 0 if none."""
    if not has_table(warehouse, "ledger", "batches"):
        return 0
    last = warehouse.execute(text("select coalesce(max(batch_no), 0) from ledger.batches"))
    return int(last.scalar_one())


def _listed(arrivals: Sequence[Arrival]) -> str:
    """Their numbers, for SQL."""
    return ", ".join(str(arrival.file_no) for arrival in arrivals)


def _record(
    engine: Engine,
    digests: dict[int, str],
    changed: Sequence[Row[tuple[object, ...]]],
    last_batch_no: int,
) -> None:
    """Move the lines that did not hold against history from accepted to what they are.

    What they met is written down too: the files loaded together share a `load_no`, and
    `loaded_after_batch_no` says how far the ledger was. A replay loads them at that place.
    """
    with engine.begin() as register:
        for row in changed:
            lines, amount = f"lines_{row.outcome}", f"amount_{row.outcome}"
            found = Decimal(row.amount_e4).scaleb(-4)
            register.execute(
                files.update()
                .where(files.c.file_no == row.file_no, files.c.state == "validated")
                .values(
                    {
                        lines: files.c[lines] + row.n_lines,
                        amount: files.c[amount] + found,
                        "lines_accepted": files.c.lines_accepted - row.n_lines,
                        "amount_accepted": files.c.amount_accepted - found,
                    }
                )
            )
        load_no: int = register.scalars(
            select(func.coalesce(func.max(files.c.load_no), 0) + 1)
        ).one()
        for file_no, sha256 in digests.items():
            register.execute(
                files.update()
                .where(files.c.file_no == file_no)
                .values(
                    state="loaded",
                    rows_sha256=sha256,
                    load_no=load_no,
                    loaded_after_batch_no=last_batch_no,
                )
            )
