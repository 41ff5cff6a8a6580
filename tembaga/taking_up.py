"""Taking up: held lines whose cause is gone become loaded lines, by themselves and once.

    lines that wait ──the rules that held them, asked again──▶ an uptake, as if a file had come

An uptake is a file of ours (`tembaga.own_files`): its rows say of each line the file that it
came in.

It is loaded, posted, answered and replayed as they are; its lines keep the file and the line
that they came by. What becomes of them is decided by loading: a line that was sent again
meanwhile is a duplicate. A line that waits for a person comes with what the person said: one
that was released is not doubted again, one that was rejected never counts.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import Connection, Row

from expectations.codes import WAITS_FOR_US
from tembaga.agreements import Agreement
from tembaga.feeds import SalesFeed
from tembaga.held import LINE, PERSON, find_waiting, with_held_lines
from tembaga.own_files import UPTAKES, make_file
from tembaga.reading import quoted
from tembaga.rulepack import RulePack, load_rulepack
from tembaga.settings import Settings

log = logging.getLogger(__name__)

# The waiting lines, as the rules of the feed know lines.
LINES = """
create view lines as
select
    place as line_no,
    true as fits,
    cast(quantity_e4 * cast(0.0001 as decimal(5, 4)) as decimal(16, 4)) as quantity,
    cast(null as varchar) as quantity_text,
    cast(null as varchar) as price_text,
    * exclude (line_no, place)
from waiting
"""

# What a person must look at waits until it is released; what is rejected need not wait at all.
HINDERED_BY_DOUBT = f"""
insert into hindered
select reasons.place
from reasons
inner join waiting using (place)
anti join decisions using (of_file_no, line_no)
where reasons.code in ({PERSON})
"""
NOT_HINDERED = """
delete from hindered
where place in (
    select place
    from waiting
    inner join decisions using (of_file_no, line_no)
    where decision = 'reject'
)
"""

ROWS = f"""
copy (
    select {", ".join(f"waiting.{column}" for column in LINE)}, of_file_no, decision
    from waiting
    left join decisions using (of_file_no, line_no)
    where of_file_no = {{file_no}} and place not in (select place from hindered)
    order by line_no
) to {{path}} (format parquet)
"""

LISTED = "select of_file_no, line_no, decision from read_parquet({rows}) order by line_no"


def take_up(
    register: Connection, *, agreements: Mapping[str, Agreement], settings: Settings
) -> list[int]:
    """Make an uptake for each file with held lines whose cause is gone; the numbers of these.

    They are validated files, to be loaded like all others. A second call finds nothing new:
    what is in an uptake does not wait any more. The caller sees to it that nobody else takes
    up at the same time.
    """
    numbers: list[int] = []
    held = [file for file in with_held_lines(register) if file.partner in agreements]
    rulepack = load_rulepack(settings.campaigns) if held else None
    for partner in sorted({file.partner for file in held}):
        feed = agreements[partner].feeds.sales
        if feed is not None and rulepack is not None:
            of_partner = [file for file in held if file.partner == partner]
            numbers += _take_up_of(register, of_partner, feed, rulepack, settings)
    if numbers:
        log.info("%d files have held lines that are taken up", len(numbers))
    return numbers


def _take_up_of(
    register: Connection,
    held: Sequence[Row[Any]],
    feed: SalesFeed,
    rulepack: RulePack,
    settings: Settings,
) -> list[int]:
    """The uptakes of one partner's files."""
    with duckdb.connect() as connection:
        if not find_waiting(connection, register, held, settings):
            return []
        _ask_again(connection, register, feed, rulepack)
        free = connection.execute(
            "select distinct of_file_no from waiting "
            "where place not in (select place from hindered) order by of_file_no"
        ).fetchall()
        by_number = {file.file_no: file for file in held}
        return [
            _make(connection, register, by_number[of_file_no], settings) for (of_file_no,) in free
        ]


def _ask_again(
    connection: duckdb.DuckDBPyConnection,
    register: Connection,
    feed: SalesFeed,
    rulepack: RulePack,
) -> None:
    """Make the table `hindered`: the places of the lines that still wait."""
    from expectations.sales import sales_suite  # These take seconds to import, and are
    from tembaga.suites import Rule  # needed only where lines wait.
    from tembaga.validate import list_known

    connection.execute(LINES)
    may_hinder = list_known(connection, register.engine, feed, rulepack)
    suite = sales_suite(
        feed,
        oldest_on=date.min,  # Days matter to other rules; those were asked when the file came.
        latest_on=date.max,
        split_days=(),
        has_products=False,
        has_hindrances=may_hinder,
    )
    connection.execute("create table hindered (place bigint)")
    for rule in suite.expectations:
        if isinstance(rule, Rule) and rule.code in WAITS_FOR_US:
            connection.execute(f"insert into hindered select line_no from ({rule.on('lines')})")
    connection.execute(HINDERED_BY_DOUBT)
    connection.execute(NOT_HINDERED)


def _make(
    connection: duckdb.DuckDBPyConnection, register: Connection, of: Row[Any], settings: Settings
) -> int:
    """Bring an uptake into the landing and into the register; its number."""

    def write(rows: Path) -> bytes:
        connection.execute(ROWS.format(file_no=of.file_no, path=quoted(str(rows))))
        return _listed(connection, rows)

    file_no = make_file(
        register, of, feed=UPTAKES, write=write, settings=settings, takes_up_file_no=of.file_no
    )
    register.commit()
    return file_no


def _listed(connection: duckdb.DuckDBPyConnection, rows: Path) -> bytes:
    """Which lines are taken up, for whoever looks into the landing."""
    found: Iterable[tuple[Any, ...]] = connection.execute(
        LISTED.format(rows=quoted(str(rows)))
    ).fetchall()
    lines = ("file_no,line_no,decision", *(f"{f},{n},{d or ''}" for f, n, d in found))
    return "".join(f"{line}\n" for line in lines).encode()
