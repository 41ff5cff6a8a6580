"""Reports: what a newcomer or a supervisor wants to see of a home, as tables.

Each is made from the register and the marts as they stand; reading changes nothing.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email import message_from_bytes
from email.policy import default as default_policy
from pathlib import Path

from rich import box
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Engine, RowMapping, func, select

from tembaga.marts import open_marts
from tembaga.register.tables import (
    alarms,
    batches,
    files,
    statements,
    voucher_batches,
    vouchers,
)
from tembaga.rulepack import MINOR_UNITS
from tembaga.settings import Settings
from tembaga.warehouse import has_table

TRIAL_BALANCE = """
select account, unit, debit, credit
from marts.rpt_trial_balance
order by unit desc, account
"""

MISSING_SHOWN = 20
_OUTCOMES = ("in", "accepted", "duplicate", "held", "rejected")
_NOTHING = "–"


@dataclass(frozen=True)
class Figures:
    """How much there is of everything; the difference of two is what happened in between."""

    files: int
    loaded: int
    refused: int
    known_already: int
    batches: int
    transfers: int
    vouchers: int
    statements: int

    def __sub__(self, earlier: "Figures") -> "Figures":
        pairs = zip(astuple(self), astuple(earlier), strict=True)
        return Figures(*(now - before for now, before in pairs))


def figures(engine: Engine) -> Figures:
    """Count what the register holds."""
    posted = batches.c.published_at.is_not(None)
    is_refused = files.c.state == "refused"
    is_known = files.c.code == "DUPLICATE_FILE"
    counted = (
        select(func.count()).select_from(files),
        select(func.count()).where(files.c.state == "loaded"),
        select(func.count()).where(is_refused, ~is_known),
        select(func.count()).where(is_refused, is_known),
        select(func.count()).where(posted),
        select(func.coalesce(func.sum(batches.c.transfers), 0)).where(posted),
        select(func.count()).select_from(vouchers),
        select(func.count()).where(statements.c.sent_at.is_not(None)),
    )
    with engine.connect() as connection:
        return Figures(*(int(connection.execute(query).scalar_one()) for query in counted))


def newest_file(engine: Engine) -> int:
    """The number of the newest file, 0 if none has come."""
    with engine.connect() as connection:
        newest: int | None = connection.scalar(select(func.max(files.c.file_no)))
    return newest or 0


def head_in_words(engine: Engine) -> str:
    """The head that seals the last batch and all before it."""
    query = select(batches.c.batch_no, batches.c.head).where(batches.c.published_at.is_not(None))
    with engine.connect() as connection:
        last = connection.execute(query.order_by(batches.c.batch_no.desc()).limit(1)).first()
    return f"The head after batch {last.batch_no} is {last.head}." if last else "Nothing is posted."


def file_table(engine: Engine, *, after: int = 0) -> Table:
    """The files after the one numbered `after`: what was in them, and what became of them.

    The last row adds up the files that were read line by line.
    """
    table = _table("Files", "#", "partner")
    table.add_column("name", overflow="fold", min_width=12)
    for heading in ("lines\nin", "accep-\nted", "dupli-\ncate", "held", "rejec-\nted"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("amount\naccepted", justify="right", no_wrap=True)
    table.add_column("what became of it", overflow="fold", min_width=9)
    sums = [Decimal(0)] * (len(_OUTCOMES) + 1)
    query = select(files).where(files.c.file_no > after).order_by(files.c.file_no)
    with engine.connect() as connection:
        for file in connection.execute(query).mappings():
            counted = _counted(file)
            sums = [total + (number or 0) for total, number in zip(sums, counted, strict=True)]
            numbers = _in_words(counted)
            table.add_row(
                str(file["file_no"]),
                escape(file["partner"]),
                escape(file["name"]),
                *numbers,
                _became(file),
            )
    table.add_section()
    table.add_row("", "", "all", *_in_words(sums), style="bold")
    return table


def missing_table(engine: Engine) -> Table:
    """The files that were due and had not come in time, the newest first, and who was told."""
    table = _table("Missing files", "partner", "feed")
    for heading in ("due on", "contact told", "operator told"):
        table.add_column(heading, no_wrap=True)
    told = {
        reader: func.max(alarms.c.told_at).filter(alarms.c.reader == reader)
        for reader in ("contact", "operator")
    }
    of = (alarms.c.partner, alarms.c.feed, alarms.c.due_on)
    query = select(*of, *told.values()).group_by(*of).order_by(alarms.c.due_on.desc(), *of[:2])
    with engine.connect() as connection:
        for row in connection.execute(query.limit(MISSING_SHOWN)):
            table.add_row(row.partner, row.feed, str(row.due_on), *map(_instant, row[3:]))
    return table


def trial_balance_table(settings: Settings) -> Table:
    """Every account's debits and credits; of each unit, both add up to the same."""
    table = _table("Trial balance", "account", "unit")
    for heading in ("debit", "credit"):
        table.add_column(heading, justify="right", no_wrap=True)
    sums: dict[str, list[int]] = {}
    with open_marts(settings) as marts:
        if not has_table(marts.connection, "marts", "rpt_trial_balance"):
            return table
        rows = marts.asks(TRIAL_BALANCE)
    for account, unit, *both in rows:
        table.add_row(account, unit, *(_in_unit(amount, unit) for amount in both))
        sums[unit] = [
            total + side for total, side in zip(sums.get(unit, (0, 0)), both, strict=True)
        ]
    table.add_section()
    for unit, both in sums.items():
        table.add_row(
            "all accounts", unit, *(_in_unit(amount, unit) for amount in both), style="bold"
        )
    return table


def voucher_table(engine: Engine) -> Table:
    """The voucher batches: for whom, how many, for how much, and whether they were delivered."""
    table = _table("Voucher batches", "#", "merchant", "posting batch")
    for heading in ("vouchers", "face"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("delivered", no_wrap=True)
    query = select(voucher_batches).order_by(voucher_batches.c.voucher_batch_no)
    with engine.connect() as connection:
        for batch in connection.execute(query).mappings():
            table.add_row(
                str(batch["voucher_batch_no"]),
                batch["merchant"],
                str(batch["batch_no"]),
                _whole(batch["vouchers"]),
                f"{batch['currency']} {_in_unit(batch['face_minor'], batch['currency'])}",
                "yes" if batch["delivered_at"] else "not yet",
            )
    return table


def statement_table(engine: Engine) -> Table:
    """The statements by month: how many were written, mailed and withheld."""
    table = _table("Statements", "period up to")
    for heading in ("written", "mailed", "not wanted"):
        table.add_column(heading, justify="right", no_wrap=True)
    ends_on = statements.c.period_ends_on
    query = (
        select(
            ends_on,
            func.count(),
            func.count(statements.c.sent_at),
            func.count(statements.c.withheld_at),
        )
        .group_by(ends_on)
        .order_by(ends_on)
    )
    with engine.connect() as connection:
        for period_ends_on, *counts in connection.execute(query):
            table.add_row(str(period_ends_on), *(f"{count:,}" for count in counts))
    return table


def keep_readable_statement(mail: Path, to: Path) -> Path | None:
    """Write the page of the largest mail in the folder `mail` to `to`, for a browser.

    Returns None if no mail lies there.
    """
    mails = sorted(mail.glob("*.eml"), key=lambda path: (path.stat().st_size, path.name))
    if not mails:
        return None
    message = message_from_bytes(mails[-1].read_bytes(), policy=default_policy)
    page = message.get_body(("html",))
    if page is None:
        return None
    to.write_text(page.get_content(), encoding="utf-8")
    return to


def _table(title: str, *columns: str) -> Table:
    table = Table(
        title=f"\n{title}",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for column in columns:
        table.add_column(column, no_wrap=True)
    return table


def _counted(file: RowMapping) -> list[Decimal | int | None]:
    lines = [file[f"lines_{outcome}"] for outcome in _OUTCOMES]
    return [*lines, file["amount_accepted"]]


def _became(file: RowMapping) -> str:
    if file["code"] == "DUPLICATE_FILE":
        return f"known as #{file['duplicate_of_file_no']}"
    if file["takes_up_file_no"]:
        return f"held lines of #{file['takes_up_file_no']}: {file['state']}"
    if file["withdraws_for_file_no"]:
        return f"missing from #{file['withdraws_for_file_no']}: {file['state']}"
    return str(file["code"] or file["state"])


def _instant(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if at else "not yet"


def _in_words(counted: Sequence[Decimal | int | None]) -> list[str]:
    *lines, amount = counted
    return [*map(_whole, lines), _money(amount)]


def _in_unit(amount: int, unit: str) -> str:
    """An amount of the ledger: money in its major unit, points as they are."""
    if unit in MINOR_UNITS:
        return _money(Decimal(amount).scaleb(-MINOR_UNITS[unit]))
    return _whole(amount)


def _whole(number: Decimal | int | None) -> str:
    return _NOTHING if number is None else f"{int(number):,}"


def _money(amount: Decimal | int | None) -> str:
    return _NOTHING if amount is None else f"{amount:,.2f}"
