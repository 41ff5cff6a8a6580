"""Rows of sales become raw rows of the warehouse, judged against what it holds.

    rows.parquet of the files ──▶ loading_arriving
      ├─ not plausible, or decided by a person ──▶ loading_aside
      └─ the others, by what came before them ───▶ loading_judged
                                                     ──▶ raw.sales, raw.replacements

What comes of it follows from the rows, their order and what the warehouse holds alone: a replay
gets the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text

from tembaga import parquet
from tembaga.doubting import doubt
from tembaga.judging import judge, know
from tembaga.plausible import Plausible
from tembaga.reading import quoted
from tembaga.replacing import supersede
from tembaga.warehouse import make_scratch, replacements, sales

# What a file may say of a line beside what every file says.
OPTIONAL = {
    "unit": "varchar",
    "tax_basis": "varchar",
    "action": "varchar",
    "version": "integer",
    "second_advocate": "varchar",
    "of_file_no": "integer",  # Of an uptake: the file that the line came in.
    "decision": "varchar",  # And what a person said of it: release or reject. Else withdraw.
}

# The file's rows, as they came out of validation.
ARRIVING = """
select
    cast(coalesce({of_file_no}, files.file_no) as integer) as file_no,
    cast(rows.line_no as integer) as line_no,
    cast(case when {of_file_no} is not null then files.file_no end as integer) as uptake_no,
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
    {outcome} as outcome,
    coalesce(judged.code, case when arriving.decision = 'withdraw' then 'WITHDRAWN' end) as code,
    arriving.unit,
    arriving.tax_basis,
    arriving.action,
    arriving.version,
    arriving.second_advocate
from loading_arriving as arriving
inner join {judged} as judged
    on arriving.file_no = judged.file_no
    and arriving.line_no = judged.line_no
order by arriving.file_no, arriving.line_no
"""

OUTCOME = """
    case
        when judged.code is null then 'accepted'
        when judged.code = 'DUPLICATE' then 'duplicate'
        else 'held'
    end
"""

# Lines that are not judged by their history: a person rejected them, or is to look at them.
ASIDE = (
    "(file_no integer, line_no integer, outcome varchar, code varchar, field varchar, seen varchar)"
)

REJECTED = """
insert into loading_aside (file_no, line_no, outcome, code, field, seen)
select file_no, line_no, 'rejected', 'E_NOT_CREDIBLE', 'document', document
from loading_arriving
where decision = 'reject'
"""

NOT_ASIDE = """
delete from loading_arriving
where (file_no, line_no) in (select file_no, line_no from loading_aside)
"""

# What loading said of these lines before does not hold any more.
MAKE_WAY = (
    "delete from raw.sales where (file_no, line_no) in "
    "(select file_no, line_no from loading_arriving where uptake_no is not null)",
    "delete from raw.replacements where (file_no, line_no) in "
    "(select file_no, line_no from loading_arriving where uptake_no is not null)",
    "delete from raw.uptakes where (of_file_no, of_line_no) in "
    "(select file_no, line_no from loading_arriving where uptake_no is not null)",
    "insert into raw.uptakes (file_no, of_file_no, of_line_no) "
    "select uptake_no, file_no, line_no from loading_arriving where uptake_no is not null "
    "order by uptake_no, line_no",
)

REPLACED = """
insert into raw.replacements (file_no, line_no, replaces_file_no, replaces_line_no)
select file_no, line_no, replaces_file_no, replaces_line_no
from loading_judged
where replaces_file_no is not null
order by file_no, line_no
"""

COUNTED = """
select file_no, count(*) as n_lines from raw.sales where file_no in ({file_nos}) group by file_no
union all
select file_no, count(*) as n_lines from raw.uptakes where file_no in ({file_nos}) group by file_no
"""


class LinesLostError(Exception):
    """Loading would lose lines; the sentence says of which file."""


EVERYTHING_IS = Plausible()


@dataclass(frozen=True)
class Arrival:
    """A validated file that is to be loaded: where its rows lie, and how many they must be.

    The rows of an uptake are lines of another file. `replaces` are the files in whose place it
    stands.
    """

    file_no: int
    partner_no: int
    currency: str
    rows: Path
    n_lines: int
    is_uptake: bool = False
    plausible: Plausible = EVERYTHING_IS
    replaces: tuple[int, ...] = ()


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
        rows=parquet.read(paths),
        files=", ".join(named),
        of_file_no=optional.pop("of_file_no").rpartition(" as ")[0],
        optional=", ".join(optional.values()),
    )
    numbers = [arrival.file_no for arrival in arrivals]
    unload(warehouse, numbers)
    parquet.read_into(warehouse, "loading_arriving", arriving)
    if any(arrival.is_uptake for arrival in arrivals):
        for statement in MAKE_WAY:
            warehouse.execute(text(statement))
    _set_aside(warehouse, arrivals)
    know(warehouse)
    supersede(warehouse, {arrival.file_no: arrival.replaces for arrival in arrivals})
    judge(warehouse)
    warehouse.execute(text(LOADED.format(outcome=OUTCOME, judged="loading_judged")))
    warehouse.execute(text(REPLACED))
    _prove(warehouse, arrivals)


def listed(arrivals: Sequence[Arrival]) -> str:
    """Their numbers, for SQL."""
    return ", ".join(str(arrival.file_no) for arrival in arrivals)


def unload(warehouse: Connection, file_nos: Sequence[int]) -> None:
    """Take the lines of these files out: what a kill has left of a loading, or an earlier one."""
    for table in (sales, replacements):
        warehouse.execute(table.delete().where(table.c.file_no.in_(file_nos)))


def _set_aside(warehouse: Connection, arrivals: Sequence[Arrival]) -> None:
    """Load the lines that are not plausible, or not to be, and take them out of the arriving."""
    make_scratch(warehouse, "loading_aside", ASIDE)
    agreed = {arrival.partner_no: arrival.plausible for arrival in arrivals}
    is_doubted = any(plausible.needs_a_past for plausible in agreed.values())
    if not is_doubted and not any(arrival.is_uptake for arrival in arrivals):
        return
    warehouse.execute(text(REJECTED))
    if is_doubted:
        doubt(warehouse, agreed)
    warehouse.execute(text(LOADED.format(outcome="judged.outcome", judged="loading_aside")))
    warehouse.execute(text(NOT_ASIDE))


def _prove(warehouse: Connection, arrivals: Sequence[Arrival]) -> None:
    """Every line that validation accepted is in the warehouse, file by file (law 6)."""
    counted = warehouse.execute(text(COUNTED.format(file_nos=listed(arrivals)))).all()
    found = {row.file_no: row.n_lines for row in counted}
    for arrival in arrivals:
        if found.get(arrival.file_no, 0) != arrival.n_lines:
            raise LinesLostError(
                f"File {arrival.file_no} has {arrival.n_lines} accepted lines, but "
                f"{found.get(arrival.file_no, 0)} of them would be loaded; nothing was loaded. "
                "Have the file validated again: set its state in the register to landed."
            )
