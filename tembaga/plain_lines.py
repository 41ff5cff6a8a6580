"""Plain lines: what each line of a plain feed says, typed column by column.

line_no          as a spreadsheet shows it: the header is 1
fits, cells      whether it has as many cells as the header; if not, how many
<column>         as its kind says (tembaga/kinds.py); null if it is empty or cannot be read
<column>_text    what the file says there; where there may be voucher codes, without them
amount           decimal(38, 10): the money of the line; null where the feed has none
"""

import duckdb

from tembaga.cells import cell_of, code_of, is_a_line, shape_of_lines
from tembaga.feeds import Column
from tembaga.kinds import SECRET, TEXT, WORD, Cell
from tembaga.lines import make_records
from tembaga.plain_feeds import PlainFeed, WordColumn
from tembaga.reading import quoted

# A voucher code as people write it (tembaga/vouchers.py). No year is one: it has a zero.
CODE_LIKE = r"(?i)\b([2-9A-HJKMNP-Z][ -]?){10}[2-9A-HJKMNP-Z]\b"
HIDDEN = "…"


def make_plain_lines(
    connection: duckdb.DuckDBPyConnection, records: str, feed: PlainFeed, headers: list[str]
) -> None:
    """Make the table `lines`, and `secrets` where there are voucher codes.

    `secrets` has the `line_no` and the `text` of each; they stand nowhere else.

    Raises:
        FileRefused: The text breaks off or makes no sense.
    """
    make_records(connection, records, feed, headers)
    width, named = len(headers), feed.columns.given()
    cells = {name: cell_of(column, headers) for name, column in named.items()}
    kinds = feed.columns.cells()
    texts = (f"{code_of(cells.get(name), named.get(name))} as {name}_said" for name in kinds)
    columns = (_column(name, cell, named.get(name), feed) for name, cell in kinds.items())
    has_amount = "amount" in kinds
    said = f"select {shape_of_lines(width, feed)}, {', '.join(texts)} from records where "
    said += is_a_line(width)
    amount = "" if has_amount else ", cast(null as decimal(38, 10)) as amount"
    connection.execute(
        f"create table lines as with said as ({said}) "
        f"select line_no, fits, cells, {', '.join(columns)}{amount} from said"
    )
    if secret := next((name for name, cell in kinds.items() if cell.kind is SECRET), None):
        connection.execute(
            f"create table secrets as with said as ({said}) "
            f"select line_no, {secret}_said as text from said where fits and text is not null"
        )
    connection.execute("drop table records")


def _column(name: str, cell: Cell, column: Column | None, feed: PlainFeed) -> str:
    """SQL for a column and for its text."""
    said = f"{name}_said"
    typed = _word(said, cell, column) if cell.kind is WORD else cell.kind.typed(said, feed)
    text = said
    if feed.has_secrets:
        text = f"regexp_replace({said}, {quoted(CODE_LIKE)}, {quoted(HIDDEN)}, 'g')"
        if cell.kind is TEXT:
            typed = cell.kind.typed(text, feed)
        if cell.kind is SECRET:
            text = f"case when {said} is not null then {quoted(HIDDEN)} end"
    return f"cast({typed} as {cell.kind.type}) as {name}, {text} as {name}_text"


def _word(said: str, cell: Cell, column: Column | None) -> str:
    """SQL for our word for what the partner says."""
    theirs = column.words if isinstance(column, WordColumn) else {}
    upper = column is not None and column.upper
    whens = (
        f"when {said} = {quoted(word.upper() if upper else word)} then {quoted(ours)}"
        for ours in cell.words
        for word in (theirs.get(ours, ()) if theirs else (ours,))
    )
    return f"case {' '.join(whens)} end"
