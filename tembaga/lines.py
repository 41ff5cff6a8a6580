"""Lines: what each line of a sales file says, typed exactly as its agreement writes it.

line_no            as a spreadsheet shows it: the header is 1
fits, cells        whether it has as many cells as the header; if not, how many
document, document_line, advocate, second_advocate, outlet, sku, unit, returns_document
                   codes, without blanks around them; null if empty
action             replace or void; null if it is neither
version            of the line; null if it has none, or none that can be read
tax_basis          gross, if the feed's amounts are; else null
document_date      null if it cannot be read
quantity           decimal(16, 4); null if it cannot be read or kept exactly
price              decimal(38, 10): the amount or the unit price, whichever the file has
price_excess       digits or decimals: what a price has too many of to be kept exactly; else null
amount             decimal(38, 10), of the line; null if it cannot be known
…_text             what the file says, for those who look for the fault
"""

import re

import duckdb

from tembaga.cells import (
    cell_of,
    code_of,
    day,
    excess_of_number,
    is_a_line,
    number,
    shape_of_lines,
    text_of,
)
from tembaga.feeds import ActionColumn, Feed, SalesFeed
from tembaga.reading import END, quoted, unreadable
from tembaga.refusal import FileRefused

QUANTITY_LIMIT = 10**9  # In sales units.
KNOWABLE_AMOUNT = 10**18  # A larger product is not computed; its price is out of range anyway.


def make_lines(
    connection: duckdb.DuckDBPyConnection, records: str, feed: SalesFeed, headers: list[str]
) -> None:
    """Make the table `lines`, and `control_total` if one was agreed.

    Raises:
        FileRefused: The text breaks off or makes no sense, or the control total is missing.
    """
    make_records(connection, records, feed, headers)
    # DuckDB reads text in one thread and with no dictionaries: from a table it is twice as fast.
    connection.execute(f"create table lines as {_lines_query(feed, headers)}")
    connection.execute("drop table records")
    if feed.control_total is not None:
        _take_control_total(connection, feed, feed.control_total.mark)


def make_records(
    connection: duckdb.DuckDBPyConnection, records: str, feed: Feed, headers: list[str]
) -> None:
    """Make the table `records`, of any feed.

    Raises:
        FileRefused: The text breaks off or makes no sense.
    """
    try:
        connection.execute(f"create table records as {records}")
    except duckdb.InvalidInputException as error:
        if fault := re.search(r"CSV Error on Line: (\d+)", str(error)):
            raise unreadable(feed, int(fault[1])) from error
        raise
    end, line_no, is_whole = connection.execute(
        f"select c1, line_no, c{len(headers)} is not null from records "
        "order by line_no desc limit 1"
    ).fetchone() or (None, feed.header_row, True)
    if end != END:  # A quotation mark took it in: in this record or in the one after it.
        raise unreadable(feed, line_no + is_whole)


def _lines_query(feed: SalesFeed, headers: list[str]) -> str:
    width = len(headers)
    named = feed.columns.given()
    price = "amount" if "amount" in named else "unit_price"
    cells = {name: cell_of(column, headers) for name, column in named.items()}
    codes = (
        "document", "document_line", "advocate", "second_advocate", "outlet", "sku", "unit",
        "returns_document",
    )  # fmt: skip
    mark = quoted(feed.control_total.mark) if feed.control_total else "null"
    return f"""
with texts as (
    select {shape_of_lines(width, feed)},
        case when trim(c1) = {mark} then [c2, c3] end as stated,
        {", ".join(f"{code_of(cells.get(name), named.get(name))} as {name}" for name in codes)},
        {text_of(cells["document_date"])} as document_date_text,
        {text_of(cells["quantity"])} as quantity_text,
        {code_of(cells.get("action"), named.get("action"))} as action_text,
        {code_of(cells.get("version"), named.get("version"))} as version_text,
        {text_of(cells[price])} as price_text
    from records
    where {is_a_line(width)}
),

numbers as (
    select
        *,
        {day("document_date_text", feed.date_format)} as document_date,
        {number("quantity_text", feed)} as any_quantity,
        case
            when abs(any_quantity) < {QUANTITY_LIMIT} and any_quantity % 0.0001 = 0
                then any_quantity::decimal(16, 4)
        end as quantity,
        {number("price_text", feed)} as price,
        case when price is null then {excess_of_number("price_text", feed)} end as price_excess,
        {_action(feed.columns.action)} as action,
        case
            when regexp_full_match(version_text, '0*[1-9]\\d{{0,8}}') then version_text::integer
        end as version,
        {"'gross'" if feed.tax == "gross" else "null::varchar"} as tax_basis
    from texts
)

select
    * exclude (swallows, any_quantity),
    case when fits then {"price" if price == "amount" else _product()} end as amount
from numbers
"""


def _product() -> str:
    """Quantity times unit price, exact: 16 and 22 digits make 38, 4 and 6 decimals make 10."""
    exact = "quantity * try_cast(price as decimal(22, 6))"
    return (
        f"case when price % 0.000001 = 0 and abs({exact}) < {KNOWABLE_AMOUNT} "
        f"then ({exact})::decimal(38, 10) end"
    )


def _action(column: ActionColumn | None) -> str:
    """SQL for what a line does to an earlier one: replace, void, or null."""
    if column is None:
        return "null::varchar"
    words = {"replace": column.replace, "void": column.void}
    whens = (
        f"when action_text in ({', '.join(quoted(column.as_read(word)) for word in said)}) "
        f"then '{action}'"
        for action, said in words.items()
        if said
    )
    return f"case {' '.join(whens)} end"


def _take_control_total(connection: duckdb.DuckDBPyConnection, feed: SalesFeed, mark: str) -> None:
    """Take the last line out of the lines; it must be the one that states their total."""
    last = connection.execute(
        "select line_no, stated from lines order by line_no desc limit 1"
    ).fetchone()
    if last is None or last[1] is None:
        raise FileRefused("E_FILE_TRUNCATED", expected=mark)
    connection.execute("delete from lines where line_no = $1", [last[0]])
    connection.execute(
        "create table control_total as "
        f"select stated_lines, stated_amount, {number('stated_lines', feed)} as lines, "
        f"{number('stated_amount', feed)} as amount "
        "from (select coalesce(trim($1), '') as stated_lines, "
        "coalesce(trim($2), '') as stated_amount)",
        last[1],
    )
