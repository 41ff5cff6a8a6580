"""Outcomes: give every line of the table `lines` exactly one, and prove that none is lost.

    lines ──rules──▶ rejects            a row for each reason
      ├─ no reason ────────▶ keyed ──▶ rows.parquet
      └─ only held by them ─▶ held ───▶ held.parquet

A line that several rules find keeps all its reasons; rejected outweighs held, and held
duplicate. A line that waits for us or a person alone is kept as it would be loaded: once
it need not wait it is taken up from there (`tembaga.taking_up`).
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import great_expectations as gx

from expectations.codes import CODES, WAITS_FOR_A_PERSON, WAITS_FOR_US
from expectations.sales import repeats_suite
from tembaga.reading import quoted
from tembaga.refusal import FileRefused
from tembaga.suites import Rule, run_suite

OUTCOMES = ("accepted", "duplicate", "held", "rejected")
WAITING = sorted(WAITS_FOR_US | WAITS_FOR_A_PERSON)
SEEN_CHARACTERS_MAX = 200

REJECTS = """
create table rejects (
    line_no bigint, rule integer, outcome varchar, code varchar, field varchar, seen varchar
)
"""

# 60 bits of the digest make a number that every engine holds and compares quickly.
KEY = "cast('0x' || left(md5(concat_ws(chr(31), {})), 15) as bigint)"
# What a line means. `concat_ws` leaves out what is null: a line without unit and VAT has the key
# that it had before there were any. Which correction it is says nothing about what it means.
CONTENT = (
    "coalesce(advocate, '-'), coalesce(outlet, '-'), coalesce(sku, '-'), quantity_e4, amount_e4, "
    "coalesce(returns_document, '-'), 'unit ' || unit, 'tax ' || tax_basis, "
    "'second ' || second_advocate"
)

# A line without a number of its own is named by its content and by how often that content has
# occurred in its document so far: true repeats are kept apart, and the same in every file.
# Few lines are repeats, so DuckDB's own quick hash finds those that may be, and only they are
# sorted.
KEYED = f"""
create table keyed as
with facts as (
    select
        line_no, document, document_date, document_line, advocate, second_advocate, outlet, sku,
        returns_document, unit, tax_basis, action, version,
        cast(quantity * 10000 as bigint) as quantity_e4,
        cast(amount * 10000 as bigint) as amount_e4
    from lines
    anti join (select line_no from rejects where code not in ({", ".join(map(quoted, WAITING))}))
    using (line_no)
),

contents as (
    select *, {KEY.format(CONTENT)} as content_key from facts
),

unnumbered as (
    select line_no, document, document_date, content_key from contents where document_line is null
),

repeats as (
    select
        line_no,
        row_number() over (
            partition by document, document_date, content_key order by line_no
        ) as occurrence
    from unnumbered
    where hash(document, document_date, content_key) in (
        select hash(document, document_date, content_key)
        from unnumbered
        group by all
        having count(*) > 1
    )
),

referred as (
    select
        * exclude (occurrence, document_line),
        coalesce(
            document_line,
            left(lpad(to_hex(content_key), 15, '0'), 12) || '#' || coalesce(occurrence, 1)
        ) as line_ref
    from contents
    left join repeats using (line_no)
)

select
    line_no, document, document_date, line_ref, advocate, outlet, sku, quantity_e4, amount_e4,
    returns_document, unit, tax_basis, action, version, second_advocate,
    {KEY.format("document, document_date, line_ref")} as line_key,
    content_key
from referred
"""

# Its lines have the names that they would have had if nothing had held them: what holds one line
# of a content in a document holds all of them, so the true repeats are counted alike.
HELD = """
create table held as
select keyed.* from keyed semi join rejects using (line_no)
"""
NOT_HELD = "delete from keyed where line_no in (select line_no from held)"

# What rules about repeats are asked about: they need not look for them one by one.
REPEATED = """
create or replace table repeated as
select *
from {table}
where line_key in (select line_key from {table} group by line_key having count(*) > 1)
"""

ROWS = """
copy (
    select keyed.* from keyed anti join rejects using (line_no) order by line_no
) to {path} (format parquet)
"""

HELD_ROWS = """
copy (
    select held.*
    from held
    anti join (select line_no from rejects where code not in ({codes})) using (line_no)
    order by line_no
) to {path} (format parquet)
"""

REJECTED_ROWS = """
copy (
    select
        rejects.line_no, rejects.outcome, rejects.code, rejects.field, rejects.seen, lines.amount
    from rejects
    inner join lines using (line_no)
    order by rejects.line_no, rule
) to {path} (format parquet)
"""

# Each side is added up from what is written, and the whole from the lines as they were read.
FIGURES = """
select 'in' as outcome, count(*) as n, coalesce(sum(amount), 0) as amount from lines
union all
select
    'accepted',
    count(*),
    -- Without this cast the union would round all the others to its 8 decimals.
    cast(
        coalesce(sum(cast(amount_e4 as decimal(28, 0))), 0) * cast(0.0001 as decimal(4, 4))
        as decimal(38, 10)
    )
from read_parquet({rows})
union all
select outcome, count(*), coalesce(sum(amount), 0)
from (
    select
        line_no,
        any_value(amount) as amount,
        case
            when bool_or(outcome = 'rejected') then 'rejected'
            when bool_or(outcome = 'held') then 'held'
            else 'duplicate'
        end as outcome
    from read_parquet({rejects})
    group by line_no
)
group by outcome
"""


class AccountingError(Exception):
    """The outcomes do not add up to the file: a fault of ours, and nothing of it is kept."""


@dataclass(frozen=True)
class Figures:
    """Lines and money."""

    lines: int
    amount: Decimal


def judge(
    connection: duckdb.DuckDBPyConnection, suite: gx.ExpectationSuite, *, table: str
) -> dict[str, Any]:
    """Ask the rules of a suite about a table, and write the failing lines to the rejects.

    Returns:
        What Great Expectations found, as it stands in `validation.json`.

    Raises:
        FileRefused: A rule about the whole file is not met.
        AccountingError: The rejects are not those that Great Expectations counted.
    """
    found, failures = run_suite(suite, connection=connection, table=table)
    for number, (rule, n_lines) in enumerate(failures):
        outcome = CODES[rule.code].severity
        if outcome == "file":
            raise FileRefused(rule.code, **_detail(connection, rule, table))
        written = connection.execute(
            "insert into rejects select line_no, $1, $2, $3, $4, left(seen, $5) "
            f"from ({rule.on(table)})",
            [number, outcome, rule.code, rule.field, SEEN_CHARACTERS_MAX],
        ).fetchone()
        if written != (n_lines,):
            raise AccountingError(f"{rule.code} found {n_lines} lines, and others were written")
    return found


def judge_repeats(connection: duckdb.DuckDBPyConnection, *, table: str) -> dict[str, Any]:
    """As `judge`, of those lines alone that share their key with another of the table.

    Most files have none. What the rules find among no lines is asked once.
    """
    connection.execute(REPEATED.format(table=table))
    (n_repeated,) = connection.execute("select count(*) from repeated").fetchone() or (0,)
    if not n_repeated and _found_among_none:
        return _found_among_none[0]
    found = judge(connection, repeats_suite(), table="repeated")
    if not n_repeated:
        _found_among_none.append(found)
    return found


_found_among_none: list[dict[str, Any]] = []


def part_held(connection: duckdb.DuckDBPyConnection) -> bool:
    """Move the lines that wait out of `keyed` into the table `held`; whether there are any."""
    connection.execute(HELD)
    return bool((connection.execute(NOT_HELD).fetchone() or (0,))[0])


def write(connection: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, Figures]:
    """Write `rows.parquet`, `held.parquet` and `rejects.parquet`; the figures by outcome.

    Raises:
        AccountingError: What was written does not add up to the lines.
    """
    rows, rejects = (quoted(str(folder / f"{name}.parquet")) for name in ("rows", "rejects"))
    connection.execute(ROWS.format(path=rows))
    codes = ", ".join(map(quoted, [*WAITING, "DUPLICATE"]))
    connection.execute(HELD_ROWS.format(path=quoted(str(folder / "held.parquet")), codes=codes))
    connection.execute(REJECTED_ROWS.format(path=rejects))
    found = connection.execute(FIGURES.format(rows=rows, rejects=rejects)).fetchall()
    figures = {outcome: Figures(0, Decimal(0)) for outcome in OUTCOMES}
    figures |= {outcome: Figures(n, amount) for outcome, n, amount in found}
    prove(figures)
    return figures


def _detail(connection: duckdb.DuckDBPyConnection, rule: Rule, table: str) -> dict[str, str | int]:
    """The values that the sentence of a rule about the file places: what its query finds."""
    found = connection.execute(rule.on(table))
    names = [column[0] for column in found.description or ()]
    return dict(zip(names, found.fetchone() or (), strict=True))


def prove(figures: dict[str, Figures]) -> None:
    """Refuse outcomes that do not add up to the lines.

    Raises:
        AccountingError: They do not, in count or in money.
    """
    lines = sum(figures[outcome].lines for outcome in OUTCOMES)
    # As fractions: the sum of decimals is rounded to 28 digits, and amounts have up to 38.
    amount = sum((Fraction(figures[outcome].amount) for outcome in OUTCOMES), Fraction(0))
    if (lines, amount) != (figures["in"].lines, Fraction(figures["in"].amount)):
        raise AccountingError(f"lines and money came in as {figures['in']} and add up to {figures}")
