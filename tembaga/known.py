"""Known: what the lines of a plain feed are held against, as tables beside them.

advocates            the names of who is enrolled
rewards, products    the names of what can be had, and of what is sold
vouchers             what is known of the voucher codes of a file, line by line

And, for sales whose products are called as their partner calls them, our names of these.
"""

from collections.abc import Mapping, Sequence, Set
from typing import Any

import duckdb
from sqlalchemy import Connection, Engine, Row, select

from tembaga.claims import requests_of
from tembaga.plain_feeds import PlainFeed
from tembaga.plain_rows import Sender
from tembaga.register.tables import advocates, partner_products, voucher_batches, vouchers
from tembaga.rulepack import RulePack
from tembaga.settings import Settings
from tembaga.vouchers import VoucherCodeError, read_code

AT_A_TIME = 10_000
NO_REQUEST = 0  # Of vouchers that nobody was asked about.
OF_THE_ENROLLED = ("requests", "opening_balances")
VOUCHERS = """
create table vouchers as
select
    unnest(cast($1 as bigint[])) as line_no,
    unnest(cast($2 as bigint[])) as request_no,
    unnest(cast($3 as boolean[])) as is_mistyped,
    unnest(cast($4 as boolean[])) as is_own
"""
TRANSLATIONS = """
create table translations as
select
    product,
    sku,
    valid_from,
    coalesce(
        lead(valid_from) over (partition by product order by valid_from), date '9999-12-31'
    ) as until
from (
    select
        unnest(cast($1 as varchar[])) as product,
        unnest(cast($2 as varchar[])) as sku,
        unnest(cast($3 as date[])) as valid_from
)
"""
TRANSLATED = (
    "alter table lines add column is_translated boolean default false",
    """
    update lines set sku = translations.sku, is_translated = true
    from translations
    where
        lines.sku = translations.product
        and lines.document_date >= translations.valid_from
        and lines.document_date < translations.until
    """,
)
# From here on a code is the request of its voucher, and nobody can use it.
NAMED = """
update lines set code = cast(vouchers.request_no as varchar)
from vouchers where lines.line_no = vouchers.line_no
"""


def lay_known(
    connection: duckdb.DuckDBPyConnection,
    engine: Engine | None,
    feed: PlainFeed,
    sender: Sender,
    rulepack: RulePack,
    settings: Settings,
) -> None:
    """Make the tables that the rules of the feed look into.

    Without a register whoever is named is taken for enrolled, and a code that can be read for
    that of one of the partner's vouchers.
    """
    columns = feed.columns.cells()
    if engine is None:
        _take_for_known(connection, feed)
    else:
        with engine.connect() as register:
            if feed.has_secrets:
                _name_vouchers(connection, register, sender.partner, settings)
            elif feed.name in OF_THE_ENROLLED:
                enrolled: list[str] = list(register.scalars(select(advocates.c.advocate)))
                list_names(connection, "advocates", enrolled)
    if "sku" in columns:
        list_names(connection, "products", [product.sku for product in rulepack.products])
    if "reward" in columns:
        rewards = [reward.reward for reward in rulepack.catalogue.rewards]
        list_names(connection, "rewards", rewards)


def translate_products(
    connection: duckdb.DuckDBPyConnection, engine: Engine | None, partner: str
) -> None:
    """Put our names of products in place of the partner's, by the day of the sale.

    Without a register none is known.
    `is_translated` says of which lines; a line of another product keeps what it says.
    """
    named = select(partner_products).where(partner_products.c.partner == partner)
    rows: Sequence[Row[Any]] = ()
    if engine is not None:
        with engine.connect() as register:
            rows = register.execute(named).all()
    columns = ("product", "sku", "valid_from")
    connection.execute(TRANSLATIONS, [[getattr(r, name) for r in rows] for name in columns])
    for statement in TRANSLATED:
        connection.execute(statement)


def list_names(connection: duckdb.DuckDBPyConnection, table: str, names: list[str]) -> None:
    """Make a table of one column, `name`."""
    connection.execute(
        f"create table {table} as select unnest(cast($1 as varchar[])) as name", [names]
    )


def _name_vouchers(
    connection: duckdb.DuckDBPyConnection, register: Connection, partner: str, settings: Settings
) -> None:
    """Put the request of its voucher in place of each code, and forget the codes."""
    codes = _codes(connection)
    requests = requests_of(register, codes, settings=settings)
    own = _own(register, [number for number in requests.values() if number is not None], partner)
    _lay_vouchers(connection, codes, requests, own)


def _take_for_known(connection: duckdb.DuckDBPyConnection, feed: PlainFeed) -> None:
    if feed.has_secrets:
        codes = _codes(connection)
        _lay_vouchers(connection, codes, dict.fromkeys(codes, NO_REQUEST), {NO_REQUEST})
    elif feed.name in OF_THE_ENROLLED:
        connection.execute("create table advocates as select distinct advocate as name from lines")


def _codes(connection: duckdb.DuckDBPyConnection) -> dict[int, str]:
    """The voucher code of each line; they are in no table any more."""
    codes = dict(connection.execute("select line_no, text from secrets").fetchall())
    connection.execute("drop table secrets")
    return codes


def _lay_vouchers(
    connection: duckdb.DuckDBPyConnection,
    codes: Mapping[int, str],
    requests: Mapping[int, int | None],
    own: Set[int],
) -> None:
    connection.execute(
        VOUCHERS,
        [
            list(codes),
            [requests[line_no] for line_no in codes],
            [_is_mistyped(code) for code in codes.values()],
            [requests[line_no] in own for line_no in codes],
        ],
    )
    connection.execute(NAMED)


def _own(register: Connection, request_nos: list[int], partner: str) -> set[int]:
    """Those of these requests whose vouchers the partner was sent."""
    own: set[int] = set()
    for at in range(0, len(request_nos), AT_A_TIME):
        some = request_nos[at : at + AT_A_TIME]
        query = (
            select(vouchers.c.request_no)
            .join(voucher_batches)
            .where(vouchers.c.request_no.in_(some), voucher_batches.c.merchant == partner)
        )
        own |= set(register.scalars(query))
    return own


def _is_mistyped(code: str) -> bool:
    try:
        read_code(code)
    except VoucherCodeError:
        return True
    return False
