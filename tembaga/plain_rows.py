"""Plain rows: the accepted lines of a plain feed, as its raw table and its effect need them.

lines ──rules──▶ rejects.parquet
  └─ no reason ─▶ rows.parquet     the columns of the raw table, and what the register keeps
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb

from tembaga.outcomes import OUTCOMES, REJECTED_ROWS, Figures, prove
from tembaga.plain_feeds import PlainFeed
from tembaga.reading import quoted

# What each feed's rows say, beside `file_no`, `line_no` and `partner_no`. Partners call their
# requests as they like; ours are told apart by who sent them. `code` is a voucher's request.
ROWS = {
    "outlets": "outlet, name, address, city, province",
    "advocates": (
        "advocate, action, action_on, name, email, phone, outlet, language, consent_on, "
        "consent_wording, consent_proof"
    ),
    "products": "product, sku, valid_from",
    "opening_balances": "advocate, points, earned_on, expires_on",
    "activities": (
        "{partner} || '/' || activity_id as activity_id, advocate, activity, done_on, outlet, "
        "referred_advocate, proof"
    ),
    "requests": (
        "{partner} || '/' || request_id as request_id, advocate, reward, "
        "strftime(requested_at, '%Y-%m-%dT%H:%M:%SZ') as requested_at, "
        "cast(timezone({zone}, timezone('UTC', requested_at)) as date) as requested_on"
    ),
    "claims": (
        "{partner} as merchant, cast(code as bigint) as request_no, used_on, "
        "cast(amount * {minor} as bigint) as amount_minor, "
        "cast({received_on} as date) as received_on"
    ),
    "voucher_status": (
        "cast(code as bigint) as request_no, status, status_on, reason, "
        "cast(null as bigint) as points, 'merchant_fault' as cause, status_on as cancelled_on"
    ),
}

WRITE = """
copy (
    select
        cast({file_no} as integer) as file_no,
        cast(line_no as integer) as line_no,
        cast({partner_no} as integer) as partner_no,
        {columns}
    from lines
    anti join rejects using (line_no)
    order by line_no
) to {path} (format parquet)
"""

# A line falls with the others of its file.
WITH_OTHERS = """
insert into rejects
select line_no, 0, 'rejected', 'E_WITH_OTHERS', '', null
from lines
where
    exists (select 1 from rejects)
    and line_no not in (select line_no from rejects)
"""

# Each side is counted from what is written, and the whole from the lines as they were read.
FIGURES = """
select 'in' as outcome, count(*) as n, coalesce(sum(amount), 0) as amount from lines
union all
select 'accepted', count(*), coalesce(sum(lines.amount), 0)
from read_parquet({rows}) as rows inner join lines using (line_no)
union all
select outcome, count(*), coalesce(sum(amount), 0)
from (
    select
        line_no,
        any_value(amount) as amount,
        case when bool_or(outcome = 'rejected') then 'rejected' else 'duplicate' end as outcome
    from read_parquet({rejects})
    group by line_no
)
group by outcome
"""


@dataclass(frozen=True)
class Sender:
    """Which file it is, whose, and when it came."""

    file_no: int
    partner: str
    partner_no: int
    received_on: date
    zone: str
    minor_digits: int


def write_plain(
    connection: duckdb.DuckDBPyConnection, feed: PlainFeed, sender: Sender, folder: Path
) -> dict[str, Figures]:
    """Write `rows.parquet` and `rejects.parquet`, and return the figures by outcome.

    Raises:
        AccountingError: What was written does not add up to the lines.
    """
    rows, rejects = (quoted(str(folder / f"{name}.parquet")) for name in ("rows", "rejects"))
    if feed.is_whole:
        connection.execute(WITH_OTHERS)
    columns = ROWS[feed.name].format(
        partner=quoted(sender.partner),
        zone=quoted(sender.zone),
        minor=10**sender.minor_digits,
        received_on=quoted(sender.received_on.isoformat()),
    )
    connection.execute(
        WRITE.format(
            file_no=sender.file_no, partner_no=sender.partner_no, columns=columns, path=rows
        )
    )
    connection.execute(REJECTED_ROWS.format(path=rejects))
    found = connection.execute(FIGURES.format(rows=rows, rejects=rejects)).fetchall()
    figures = {outcome: Figures(0, Decimal(0)) for outcome in OUTCOMES}
    figures |= {outcome: Figures(n, amount) for outcome, n, amount in found}
    prove(figures)
    return figures
