"""Validate: look at one landed file alone, and say what each of its lines is worth.

    landing/<partner>/<file_no>/
      original/<name>      as it came
      rows.parquet         the accepted lines, typed
      held.parquet         those that are held until a cause of ours is gone, typed
      rejects.parquet      each reason for which a line was not accepted
      validation.json      what Great Expectations found

The rules are in `expectations/`, the words of their codes too. Every line has one outcome,
and the outcomes add up to the file, in count and in money, or nothing is written at all.
"""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
from sqlalchemy import Engine, Row, and_, func, or_, select

from expectations.of_feeds import suite_of
from expectations.plain import Facts
from expectations.sales import sales_suite
from tembaga import landing
from tembaga.agreements import Agreement
from tembaga.feeds import Feed, SalesFeed
from tembaga.file_plane import file_plane
from tembaga.known import lay_known, list_names, translate_products
from tembaga.lines import make_lines
from tembaga.outcomes import KEYED, REJECTS, Figures, judge, judge_repeats, part_held, write
from tembaga.own_files import UPTAKES, WITHDRAWALS
from tembaga.plain_feeds import PlainFeed
from tembaga.plain_lines import make_plain_lines
from tembaga.plain_rows import Sender, write_plain
from tembaga.reading import copy_records, read_header, records_query
from tembaga.refusal import FileRefused
from tembaga.register.tables import advocates, files, outlets
from tembaga.rulepack import MINOR_UNITS, RulePack, load_rulepack
from tembaga.settings import Settings

RESULTS = ("rows.parquet", "held.parquet", "rejects.parquet", "validation.json")
OPEN_STATES = ("landed", "validated")

# How the lines are measured, in days on which that is worth the same.
MEASURED = """
select distinct sku, coalesce(unit, '') as unit, tax_basis, spans.first_on, spans.last_on
from lines
inner join (
    select unnest(cast($1 as date[])) as first_on, unnest(cast($2 as date[])) as last_on
) as spans on document_date between spans.first_on and spans.last_on
where fits and sku is not null
"""
LEAVERS = """
create table leavers as
select unnest(cast($1 as varchar[])) as name, unnest(cast($2 as date[])) as left_on
"""
HINDRANCES = """
create table hindrances as
select
    unnest(cast($1 as varchar[])) as of_sku,
    unnest(cast($2 as varchar[])) as of_unit,
    unnest(cast($3 as date[])) as first_on,
    unnest(cast($4 as date[])) as last_on,
    unnest(cast($5 as varchar[])) as code
"""


def validate(engine: Engine, file_no: int, *, agreement: Agreement, settings: Settings) -> None:
    """Validate a landed file, or refuse it, and record which in the register.

    A second call writes the same again; a file that was refused or loaded stays as it is.
    """
    with engine.connect() as register:
        file = register.execute(select(files).where(files.c.file_no == file_no)).one()
    if file.state not in OPEN_STATES:
        return
    folder = landing.folder_of(settings.landing, file.partner, file_no)
    try:
        with landing.workspace(folder, "validation") as workspace:
            rulepack = load_rulepack(settings.campaigns)
            feed = _feed_of(engine, file, agreement, rulepack)
            found = _examined(engine, file, feed, agreement, rulepack, workspace, settings)
            _keep(workspace, folder)
    except FileRefused as refused:
        values: dict[str, Any] = {
            "state": "refused",
            "code": refused.code,
            "detail": refused.detail,
            "duplicate_of_file_no": refused.detail.get("earlier_file_no"),
        }
    else:
        currency = _currency_of(feed, rulepack)
        values = {"state": "validated", "feed": feed.name, "currency": currency}
        for outcome, figures in found.items():
            values[f"lines_{outcome}"] = figures.lines
            values[f"amount_{outcome}"] = figures.amount if currency else None
    with engine.begin() as register:
        register.execute(
            files.update()
            .where(files.c.file_no == file_no, files.c.state.in_(OPEN_STATES))
            .values(values)
        )


def _examined(
    engine: Engine,
    file: Row[Any],
    feed: SalesFeed | PlainFeed,
    agreement: Agreement,
    rulepack: RulePack,
    workspace: Path,
    settings: Settings,
) -> dict[str, Figures]:
    """Write the results into the workspace, and return the figures by outcome."""
    original = landing.original(settings.landing, file.partner, file.file_no, file.name)
    with file_plane(original, feed, workspace=workspace) as connection:
        if isinstance(feed, SalesFeed):
            return examine(
                connection,
                original,
                feed,
                partner=file.partner,
                seen_on=_day(file.seen_at, rulepack),
                register=engine,
                rulepack=rulepack,
                workspace=workspace,
                settings=settings,
            )
        return examine_plain(
            connection,
            original,
            feed,
            sender=_sender(file, agreement, rulepack),
            register=engine,
            rulepack=rulepack,
            workspace=workspace,
            settings=settings,
        )


def _currency_of(feed: SalesFeed | PlainFeed, rulepack: RulePack) -> str | None:
    """The currency of a feed's money, or None if it has no money."""
    if isinstance(feed, SalesFeed):
        return feed.currency
    return rulepack.programme.currency if feed.has_money else None


def _feed_of(
    engine: Engine, file: Row[Any], agreement: Agreement, rulepack: RulePack
) -> SalesFeed | PlainFeed:
    """The feed that the file belongs to.

    Raises:
        FileRefused: The same bytes came before, or nothing of this name was agreed.
    """
    feed = agreement.feed_of(file.name)
    if earlier := _same_bytes(engine, file, feed):
        raise FileRefused(
            "DUPLICATE_FILE",
            earlier_file_no=earlier.file_no,
            earlier_name=earlier.name,
            earlier_on=_day(earlier.seen_at, rulepack).isoformat(),
        )
    if feed:
        return feed
    patterns = [feed.files for feed in agreement.feeds.agreed()]
    raise FileRefused("E_FILE_NOT_AGREED", pattern=", ".join(patterns) or "–")


def _same_bytes(
    engine: Engine, file: Row[Any], feed: SalesFeed | PlainFeed | None
) -> Row[Any] | None:
    """The first file that this one only says again, if there is one.

    Where a file stands in place of the earlier ones of its name, only the last of these counts;
    and lines that could not be withdrawn for it may be tried by sending it again.
    """
    before = [
        files.c.partner == file.partner,
        files.c.file_no < file.file_no,
        # One that was refused had no effect, so the same bytes may come again.
        files.c.state != "refused",
    ]
    same = [files.c.sha256 == file.sha256]
    if isinstance(feed, SalesFeed) and feed.same_name == "replaces":
        sent = files.c.feed.not_in((UPTAKES, WITHDRAWALS))
        last = select(func.max(files.c.file_no)).where(*before, sent, files.c.name == file.name)
        stuck = select(files.c.withdraws_for_file_no).where(
            files.c.feed == WITHDRAWALS, files.c.lines_held > 0
        )
        counts = and_(files.c.file_no == last.scalar_subquery(), files.c.file_no.not_in(stuck))
        same.append(or_(files.c.name != file.name, counts))
    found = select(files.c.file_no, files.c.name, files.c.seen_at).where(*before, *same)
    with engine.connect() as register:
        return register.execute(found.order_by(files.c.file_no).limit(1)).one_or_none()


def examine(
    connection: duckdb.DuckDBPyConnection,
    original: Path,
    feed: SalesFeed,
    *,
    partner: str,
    seen_on: date,
    register: Engine | None,
    rulepack: RulePack,
    workspace: Path,
    settings: Settings,
) -> dict[str, Figures]:
    """Judge every line of a file, write the results into the workspace; the figures by outcome.

    Without a register nobody is known to be enrolled: the feed must accept the unlisted.
    The lines stay in the database as the table `lines`.

    Raises:
        FileRefused: The file is not what was agreed.
    """
    products = [product.sku for product in rulepack.products]
    leavers = _leavers(register) if register is not None else {}
    may_hinder = rulepack.may_hinder(has_units=feed.columns.unit is not None, tax_basis=feed.tax)
    suite = sales_suite(
        feed,
        oldest_on=seen_on - timedelta(days=rulepack.programme.claim_window_days),
        latest_on=seen_on + timedelta(days=1),
        split_days=tuple(rulepack.split_days()),
        has_products=bool(products),
        has_hindrances=may_hinder,
        has_leavers=bool(leavers),
    )
    _read(connection, original, feed, workspace, settings)
    list_names(connection, "products", products)
    if feed.products == "theirs":
        translate_products(connection, register, partner)
    if leavers:
        connection.execute(LEAVERS, [list(leavers), list(leavers.values())])
    list_known(connection, register, feed, rulepack)
    connection.execute(REJECTS)
    found = [judge(connection, suite, table="lines")]
    connection.execute(KEYED)
    has_held = part_held(connection)
    if feed.columns.document_line is not None:
        found += [
            judge_repeats(connection, table=table)
            for table in (("keyed", "held") if has_held else ("keyed",))
        ]
    (workspace / "validation.json").write_text(json.dumps(found, indent=1) + "\n")
    return write(connection, workspace)


def examine_plain(
    connection: duckdb.DuckDBPyConnection,
    original: Path,
    feed: PlainFeed,
    *,
    sender: Sender,
    register: Engine | None,
    rulepack: RulePack,
    workspace: Path,
    settings: Settings,
) -> dict[str, Figures]:
    """As `examine`, for a file of a plain feed.

    Without a register who is named is taken for enrolled, and a voucher code for one of theirs.

    Raises:
        FileRefused: The file is not what was agreed.
    """
    facts = Facts(
        latest_on=sender.received_on + timedelta(days=1),
        minor_digits=sender.minor_digits,
        two_approve_above=rulepack.programme.adjustments.two_approve_above,
    )
    suite = suite_of(feed, facts)
    _read(connection, original, feed, workspace, settings)
    lay_known(connection, register, feed, sender, rulepack, settings)
    connection.execute(REJECTS)
    found = [judge(connection, suite, table="lines")]
    (workspace / "validation.json").write_text(json.dumps(found, indent=1) + "\n")
    return write_plain(connection, feed, sender, workspace)


def _sender(file: Row[Any], agreement: Agreement, rulepack: RulePack) -> Sender:
    return Sender(
        file_no=file.file_no,
        partner=file.partner,
        partner_no=agreement.number,
        received_on=_day(file.seen_at, rulepack),
        zone=rulepack.programme.time_zone,
        minor_digits=MINOR_UNITS[rulepack.programme.currency],
    )


def _day(at: datetime, rulepack: RulePack) -> date:
    """The day that an instant falls on where the programme runs."""
    return at.astimezone(ZoneInfo(rulepack.programme.time_zone)).date()


def _read(
    connection: duckdb.DuckDBPyConnection,
    original: Path,
    feed: Feed,
    workspace: Path,
    settings: Settings,
) -> None:
    copy = workspace / "records.txt"
    days = feed.columns.may_be_days()
    copy_records(original, copy, feed, keys=settings.keys, days=days)
    headers = read_header(copy, feed)
    records = records_query(copy, feed, headers)
    if isinstance(feed, SalesFeed):
        make_lines(connection, records, feed, headers)
    elif isinstance(feed, PlainFeed):
        make_plain_lines(connection, records, feed, headers)
    copy.unlink()


def list_known(
    connection: duckdb.DuckDBPyConnection,
    engine: Engine | None,
    feed: SalesFeed,
    rulepack: RulePack,
) -> bool:
    """Lay beside the table `lines` who is enrolled and what hinders rating, as it is known now.

    Returns whether anything may hinder rating: the table `hindrances` is there.
    """
    _list_enrolled(connection, engine, feed)
    may_hinder = rulepack.may_hinder(has_units=feed.columns.unit is not None, tax_basis=feed.tax)
    if may_hinder:
        _list_hindrances(connection, rulepack)
    return may_hinder


def _list_enrolled(
    connection: duckdb.DuckDBPyConnection, engine: Engine | None, feed: SalesFeed
) -> None:
    """List who is enrolled, where the feed holds the lines of those who are not."""
    for enrolled, column, unlisted in (
        (advocates, advocates.c.advocate, feed.unlisted.advocate),
        (outlets, outlets.c.outlet, feed.unlisted.outlet),
    ):
        if unlisted == "hold" and engine is not None:
            with engine.connect() as register:
                list_names(connection, enrolled.name, list(register.scalars(select(column))))


def _leavers(engine: Engine) -> dict[str, date]:
    """Who has left the programme, and from which day on."""
    left = select(advocates.c.advocate, advocates.c.left_on).where(advocates.c.left_on.is_not(None))
    with engine.connect() as register:
        return {row.advocate: row.left_on for row in register.execute(left)}


def _list_hindrances(connection: duckdb.DuckDBPyConnection, rulepack: RulePack) -> None:
    """List what the rule pack cannot rate yet: products, units and days of this file, and why."""
    cuts, lasts = (list(days) for days in zip(*rulepack.spans(), strict=True))
    asked = connection.execute(MEASURED, [cuts, lasts]).fetchall()
    found = [
        (*measured, code)
        for sku, unit, tax_basis, first, last in asked
        for measured in [(sku, unit, first, last)]
        if (code := rulepack.hindrance(sku=sku, unit=unit, tax_basis=tax_basis, day=first))
    ]
    columns = [list(column) for column in zip(*found, strict=True)] or [[]] * 5
    connection.execute(HINDRANCES, columns)


def _keep(workspace: Path, folder: Path) -> None:
    for name in RESULTS:
        if (workspace / name).exists():
            (workspace / name).replace(folder / name)
