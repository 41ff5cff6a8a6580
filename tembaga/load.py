"""Load: accepted rows become raw rows of the warehouse, by `file_no`.

Here a line meets what came before it. The file plane has looked at one file alone; only the
warehouse knows whether a line came already in another file, whether a correction has something
to correct (S13), and whether the sale of a return is there yet (S11). What is found goes to
`findings.parquet` beside the file's rows and into its acknowledgement.

Before that, held lines whose cause is gone are taken up (`tembaga.taking_up`): they come as a
file that is loaded with the others, and keep the file and line that they had. A file that stands
in place of earlier ones of its name is loaded after them, and then what is missing from it is
withdrawn (`tembaga.replacing`, `tembaga.withdrawing`).
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, null, select, text

from tembaga import parquet
from tembaga.agreements import Agreement
from tembaga.doubting import doubt
from tembaga.judging import judge, know
from tembaga.landing import folder_of, sha256_of
from tembaga.load_plain import load_plain
from tembaga.own_files import UPTAKES, WITHDRAWALS
from tembaga.plausible import Plausible
from tembaga.reading import quoted
from tembaga.register.locks import LOADING_LOCK, one_at_a_time
from tembaga.register.tables import files
from tembaga.replacing import Turn, next_turn, replaced_by, supersede
from tembaga.settings import Settings
from tembaga.taking_up import take_up
from tembaga.warehouse import (
    has_table,
    make_scratch,
    open_warehouse,
    read_warehouse,
    replacements,
    sales,
)
from tembaga.withdrawing import withdraw

log = logging.getLogger(__name__)

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

# Of a file of ours every line is told; of another file, those that were not accepted.
FINDINGS = """
select
    told.told_by as file_no,
    told.line_no,
    told.outcome,
    coalesce(told.code, 'TAKEN_UP') as code,
    case
        when aside.code is not null then aside.field
        when told.code = 'RETURN_UNMATCHED' and told.returns_document is not null
            then 'returns_document'
        else 'document'
    end as field,
    case
        when aside.code is not null then aside.seen
        when told.code = 'RETURN_UNMATCHED' and told.returns_document is not null
            then told.returns_document
        when told.told_by in ({withdrawals}) and position('#' in told.line_ref) = 0
            then concat(told.document, ' / ', told.line_ref)
        else told.document
    end as seen,
    told.amount_e4
from (
    select sales.*, sales.file_no as told_by
    from raw.sales as sales
    where sales.code is not null and sales.file_no in ({file_nos})
    union all
    select sales.*, uptakes.file_no as told_by
    from raw.uptakes as uptakes
    inner join raw.sales as sales
        on uptakes.of_file_no = sales.file_no
        and uptakes.of_line_no = sales.line_no
    where uptakes.file_no in ({file_nos})
) as told
left join loading_aside as aside
    on told.file_no = aside.file_no
    and told.line_no = aside.line_no
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


# What became of lines that had been held, by the file that they came in.
TAKEN_UP = """
select
    sales.file_no,
    sales.outcome,
    count(*) as n_lines,
    sum(sales.amount_e4) as amount_e4
from raw.uptakes as uptakes
inner join raw.sales as sales
    on uptakes.of_file_no = sales.file_no
    and uptakes.of_line_no = sales.line_no
where uptakes.file_no in ({file_nos}) and sales.outcome <> 'held'
group by sales.file_no, sales.outcome
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


def load(engine: Engine, *, agreements: dict[str, Agreement], settings: Settings) -> list[int]:
    """Load every validated file that is not loaded yet, and return their numbers.

    Those of plain feeds go first, in their order, for they enrol and name what sales speak of.
    Among the others are the uptakes of lines that had been held and need not be any more, and the
    withdrawals of lines that are missing from a file in place of others.

    Files of sales are loaded together, all in one transaction of the warehouse: their order does
    not matter. Only those that stand in place of others follow in turns of their own. A second
    call, or one after a crash, loads nothing twice. A file of a partner with whom there is no
    agreement any more waits until there is one.

    Raises:
        LinesLostError: The warehouse would not hold every accepted line; nothing is loaded.
    """
    with engine.connect() as register, one_at_a_time(register, LOADING_LOCK):
        loaded = load_plain(register, agreements=agreements, settings=settings)
        take_up(register, agreements=agreements, settings=settings)
        withdraw(register, settings=settings)
        while (turn := next_turn(register, agreements)).going:
            arrivals = [_arrival(register, file, agreements, settings) for file in turn.going]
            register.rollback()
            _load(engine, arrivals, turn, settings)
            loaded += [arrival.file_no for arrival in arrivals]
            withdraw(register, settings=settings)
        register.rollback()
    log.info("loaded %d files", len(loaded))
    return sorted(loaded)


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
    _unload(warehouse, numbers)
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


def newest_sale(settings: Settings) -> date | None:
    """The day of the newest document that was ever accepted, or None if there is none."""
    with read_warehouse(settings) as warehouse:
        if not has_table(warehouse, "raw", "sales"):
            return None
        return warehouse.execute(
            select(func.max(sales.c.document_date)).where(sales.c.outcome == "accepted")
        ).scalar_one()


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


def _arrival(
    register: Connection, file: Row[Any], agreements: dict[str, Agreement], settings: Settings
) -> Arrival:
    rows = folder_of(settings.landing, file.partner, file.file_no) / "rows.parquet"
    is_uptake = file.feed == UPTAKES
    agreement = agreements[file.partner]
    sales_feed = agreement.feeds.sales
    return Arrival(
        file.file_no,
        agreement.number,
        file.currency,
        rows,
        parquet.count(rows) if is_uptake else file.lines_accepted,
        is_uptake,
        sales_feed.plausible if sales_feed else EVERYTHING_IS,
        replaced_by(register, file, agreements),
    )


def _load(engine: Engine, arrivals: Sequence[Arrival], turn: Turn, settings: Settings) -> None:
    facts = {
        arrival.file_no: {
            "rows_sha256": sha256_of(arrival.rows),
            "plausible": arrival.plausible.model_dump(mode="json", exclude_defaults=True) or null(),
            "replaces_file_nos": list(arrival.replaces) or None,
        }
        for arrival in arrivals
    }
    of_ours = [file.file_no for file in turn.going if file.feed == WITHDRAWALS]
    with open_warehouse(settings) as warehouse:
        _unload(warehouse, [file.file_no for file in turn.staying])
        load_rows(warehouse, arrivals)
        file_nos = _listed(arrivals)
        changed = warehouse.execute(text(OUTCOMES.format(file_nos=file_nos))).all()
        taken_up = warehouse.execute(text(TAKEN_UP.format(file_nos=file_nos))).all()
        parquet.write(
            warehouse,
            FINDINGS.format(file_nos=file_nos, withdrawals=", ".join(map(str, of_ours)) or "null"),
            FOUND,
            {
                arrival.rows.with_name("findings.parquet"): FINDINGS_OF_A_FILE.format(
                    file_no=arrival.file_no
                )
                for arrival in arrivals
            },
        )
        last_batch_no = _last_batch_no(warehouse)
    _record(engine, facts, changed, taken_up, last_batch_no)


def _unload(warehouse: Connection, file_nos: Sequence[int]) -> None:
    """Take out what a kill has left of files that are not in the register as loaded."""
    for table in (sales, replacements):
        warehouse.execute(table.delete().where(table.c.file_no.in_(file_nos)))


def _prove(warehouse: Connection, arrivals: Sequence[Arrival]) -> None:
    """Every line that validation accepted is in the warehouse, file by file (law 6)."""
    counted = warehouse.execute(text(COUNTED.format(file_nos=_listed(arrivals)))).all()
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
    facts: dict[int, dict[str, Any]],
    changed: Sequence[Row[Any]],
    taken_up: Sequence[Row[Any]],
    last_batch_no: int,
) -> None:
    """Move the lines that did not hold against history from accepted to what they are.

    And those that are taken up from held to what they are.

    What they met is written down too: the files loaded together share a `load_no`, and
    `loaded_after_batch_no` says how far the ledger was. A replay loads them at that place.
    """
    with engine.begin() as register:
        for rows, before in ((changed, "accepted"), (taken_up, "held")):
            for row in rows:
                _move(register, row, before)
        load_no: int = register.scalars(
            select(func.coalesce(func.max(files.c.load_no), 0) + 1)
        ).one()
        for file_no, known in facts.items():
            register.execute(
                files.update()
                .where(files.c.file_no == file_no)
                .values(
                    state="loaded",
                    **known,
                    load_no=load_no,
                    loaded_after_batch_no=last_batch_no,
                )
            )


def _move(register: Connection, row: Row[Any], before: str) -> None:
    """Count lines of a file, and their money, as their outcome and not as what they were before."""
    amount = Decimal(row.amount_e4).scaleb(-4)
    register.execute(
        files.update()
        .where(files.c.file_no == row.file_no)
        .values(
            {
                f"lines_{row.outcome}": files.c[f"lines_{row.outcome}"] + row.n_lines,
                f"amount_{row.outcome}": files.c[f"amount_{row.outcome}"] + amount,
                f"lines_{before}": files.c[f"lines_{before}"] - row.n_lines,
                f"amount_{before}": files.c[f"amount_{before}"] - amount,
            }
        )
    )
