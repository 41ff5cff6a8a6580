"""Load: accepted rows become raw rows of the warehouse, by `file_no`.

Here a line meets what came before it. The file plane has looked at one file alone; only the
warehouse knows whether a line came already in another file (S13), and whether a return names
a sale that we have (S11). What is found goes to `findings.parquet` beside the file's rows and
into its acknowledgement.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Connection, Engine, Row, bindparam, func, select, text

from tembaga.agreements import Agreement
from tembaga.landing import folder_of, sha256_of
from tembaga.register.tables import files
from tembaga.settings import Settings
from tembaga.warehouse import has_table, open_warehouse, read_warehouse, sales

log = logging.getLogger(__name__)

# The file's rows, as they came out of validation.
ARRIVING = """
create or replace temp table arriving as
select
    landed.file_no,
    rows.line_no,
    landed.partner_no,
    rows.document,
    rows.document_date,
    rows.line_ref,
    rows.advocate,
    rows.outlet,
    rows.sku,
    rows.quantity_e4,
    rows.amount_e4,
    landed.currency,
    rows.returns_document,
    rows.line_key,
    rows.content_key
from read_parquet($paths, filename = true) as rows
inner join landed on rows.filename = landed.path
"""

# A line is what its first arrival says. The 60-bit key finds it; the names make sure of it.
FIRST_ARRIVALS = """
create or replace temp table first_arrivals as
with known as (
    select
        sales.file_no, sales.line_no, sales.partner_no, sales.line_key, sales.content_key,
        sales.document, sales.document_date, sales.line_ref
    from raw.sales as sales
    where
        sales.outcome = 'accepted'  -- A line that was held may come again and be judged anew.
        and sales.line_key in (select arriving.line_key from arriving)
    union all
    select
        file_no, line_no, partner_no, line_key, content_key, document, document_date, line_ref
    from arriving
)
select *
from known
qualify row_number() over (
    partition by partner_no, line_key, document, document_date, line_ref
    order by file_no in (select landed.file_no from landed), file_no, line_no
) = 1
"""

# A return takes back the newest sale of that product to that advocate in the document it names.
RETURNED_SALES = """
create or replace temp table returned_sales as
with returns as (
    select * from arriving where quantity_e4 < 0 and returns_document is not null
),
sold as (
    select sales.partner_no, sales.document, sales.document_date, sales.advocate, sales.sku
    from raw.sales as sales
    where
        sales.outcome = 'accepted'
        and sales.quantity_e4 > 0
        and sales.document in (select returns.returns_document from returns)
    union all
    select
        arriving.partner_no, arriving.document, arriving.document_date, arriving.advocate,
        arriving.sku
    from arriving
    inner join first_arrivals using (file_no, line_no)
    where arriving.quantity_e4 > 0
)
select
    returns.file_no,
    returns.line_no,
    returns.returns_document as document,
    max(sold.document_date) as document_date
from returns
inner join sold
    on returns.partner_no = sold.partner_no
    and returns.returns_document = sold.document
    and returns.advocate = sold.advocate
    and returns.sku = sold.sku
    and returns.document_date >= sold.document_date
group by returns.file_no, returns.line_no, returns.returns_document
"""

LOADED = """
insert into raw.sales (
    file_no, line_no, partner_no, document, document_date, line_ref, advocate, outlet, sku,
    quantity_e4, amount_e4, currency, returns_document, line_key, content_key, outcome, code,
    rated_document, rated_document_date
)
with judged as (
    select
        arriving.*,
        case
            when
                arriving.file_no = first_arrivals.file_no
                and arriving.line_no = first_arrivals.line_no
                then case
                    when arriving.quantity_e4 < 0 and returned_sales.file_no is null
                        then 'RETURN_UNMATCHED'
                end
            when arriving.content_key = first_arrivals.content_key then 'DUPLICATE'
            else 'E_CONFLICT'
        end as code,
        coalesce(returned_sales.document, arriving.document) as rated_document,
        coalesce(returned_sales.document_date, arriving.document_date) as rated_document_date
    from arriving
    inner join first_arrivals using (partner_no, line_key, document, document_date, line_ref)
    left join returned_sales
        on arriving.file_no = returned_sales.file_no
        and arriving.line_no = returned_sales.line_no
)
select
    file_no, line_no, partner_no, document, document_date, line_ref, advocate, outlet, sku,
    quantity_e4, amount_e4, currency, returns_document, line_key, content_key,
    case
        when code is null then 'accepted' when code = 'DUPLICATE' then 'duplicate' else 'held'
    end as outcome,
    code,
    rated_document,
    rated_document_date
from judged
order by file_no, line_no
"""

FINDINGS = """
copy (
    select
        line_no,
        outcome,
        code,
        case when code = 'RETURN_UNMATCHED' then 'returns_document' else 'document' end as field,
        case when code = 'RETURN_UNMATCHED' then returns_document else document end as seen,
        cast(amount_e4 * cast(0.0001 as decimal(5, 4)) as decimal(38, 10)) as amount
    from raw.sales
    where file_no = {file_no} and code is not null
    order by line_no
) to '{path}' (format parquet)
"""

OUTCOMES = """
select
    file_no,
    outcome,
    count(*) as n_lines,
    sum(amount_e4) as amount_e4
from raw.sales
where file_no in (select landed.file_no from landed) and outcome <> 'accepted'
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

    All of them are loaded in one transaction of the warehouse, so their order does not matter.
    A second call, or one after a crash, loads nothing twice. A file of a partner with whom
    there is no agreement any more waits until there is one.

    Raises:
        LinesLostError: The warehouse would not hold every accepted line; nothing is loaded.
    """
    with engine.connect() as register:
        waiting = register.execute(
            select(files.c.file_no, files.c.partner, files.c.currency, files.c.lines_accepted)
            .where(files.c.state == "validated", files.c.partner.in_(list(agreements)))
            .order_by(files.c.file_no)
        ).all()
    if not waiting:
        return []
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
    digests = {arrival.file_no: sha256_of(arrival.rows) for arrival in arrivals}
    with open_warehouse(settings) as warehouse:
        load_rows(warehouse, arrivals)
        changed = warehouse.execute(text(OUTCOMES)).all()
        for arrival in arrivals:
            path = arrival.rows.with_name("findings.parquet")
            warehouse.execute(text(FINDINGS.format(file_no=arrival.file_no, path=_quoted(path))))
        last_batch_no = _last_batch_no(warehouse)
    _record(engine, digests, changed, last_batch_no)
    log.info("loaded %d files", len(arrivals))
    return [arrival.file_no for arrival in arrivals]


def load_rows(warehouse: Connection, arrivals: Sequence[Arrival]) -> None:
    """Put the rows of these files into the warehouse, judged against what is there.

    What comes of it follows from the rows, their order and what the warehouse holds alone, so
    that a replay gets the same. Loading them a second time replaces them.

    Raises:
        LinesLostError: The warehouse would not hold every line; nothing must be committed.
    """
    landed = [
        {
            "file_no": arrival.file_no,
            "partner_no": arrival.partner_no,
            "currency": arrival.currency,
            "path": str(arrival.rows),
        }
        for arrival in arrivals
    ]
    warehouse.execute(
        text(
            "create or replace temp table landed "
            "(file_no integer, partner_no integer, currency varchar, path varchar)"
        )
    )
    warehouse.execute(
        text("insert into landed values (:file_no, :partner_no, :currency, :path)"), landed
    )
    numbers = [arrival.file_no for arrival in arrivals]
    warehouse.execute(
        sales.delete().where(sales.c.file_no.in_(bindparam("numbers", numbers, expanding=True)))
    )
    paths = "[" + ", ".join(f"'{_quoted(file['path'])}'" for file in landed) + "]"
    warehouse.execute(text(ARRIVING.replace("$paths", paths)))
    for step in (FIRST_ARRIVALS, RETURNED_SALES, LOADED):
        warehouse.execute(text(step))
    _prove(warehouse, arrivals)


def newest_sale(settings: Settings) -> date | None:
    """The day of the newest document that was ever accepted, or None if there is none."""
    with read_warehouse(settings) as warehouse:
        if not has_table(warehouse, "raw", "sales"):
            return None
        return warehouse.execute(
            select(func.max(sales.c.document_date)).where(sales.c.outcome == "accepted")
        ).scalar_one()


def _prove(warehouse: Connection, arrivals: Sequence[Arrival]) -> None:
    """Every line that validation accepted is in the warehouse, file by file (law 6)."""
    counted = warehouse.execute(
        text(
            "select file_no, count(*) as n_lines from raw.sales "
            "where file_no in (select landed.file_no from landed) group by file_no"
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


def _quoted(path: object) -> str:
    return str(path).replace("'", "''").replace(":", "\\:")


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
