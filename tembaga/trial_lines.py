"""Trial lines: the tables that tell what would become of a file, line by line."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from expectations.codes import AGAIN, CODES, sent_again
from tembaga.feeds import SalesFeed
from tembaga.kinds import SECRET
from tembaga.outcomes import Figures
from tembaga.plain_feeds import PlainFeed
from tembaga.questions import Answer
from tembaga.reading import quoted
from tembaga.refusal import FileRefused
from tembaga.validate import LINES

OUTCOMES = ("in", "accepted", "duplicate", "held", "rejected")
FACTS = (
    "document", "document_line", "document_date", "advocate", "second_advocate", "outlet", "sku",
    "quantity", "unit", "amount", "returns_document", "action", "version",
)  # fmt: skip
BEFORE, AFTER = ("line_no", "outcome", "code", "column", "seen"), ("send_again", "reason", "hint")
FOUND = ("rejects.parquet", "findings.parquet")
SHOWN_MAX = 20  # Lines, and reasons, that people are shown.
JUDGED_MAX = 200_000  # Lines that programs are told of, held in memory.

JUDGED = """
select
    lines.line_no, coalesce(found.outcome, 'accepted') as outcome,
    found.code, found.field, found.seen, {facts}
from lines
left join (select line_no, outcome, code, field, seen from read_parquet([{found}])) as found
using (line_no)
order by lines.line_no, found.code
limit {judged_max}
"""
READ = "select line_no, {facts} from lines order by line_no limit {shown_max}"


class Told(NamedTuple):
    """What is told of a file that would be taken; `is_cut` if it has too many lines for all."""

    sums: Answer
    read: Answer
    judged: Answer
    reasons: Answer
    is_cut: bool


def tell(feed: SalesFeed | PlainFeed, figures: Mapping[str, Figures], workspace: Path) -> Told:
    """Tell of the lines that lie examined in the workspace."""
    names = _facts(feed)
    selected = ", ".join(f"lines.{name}" for name in names)
    found = [path for path in map(workspace.joinpath, FOUND) if path.exists()]
    paths = ", ".join(quoted(str(path)) for path in found)
    with duckdb.connect(str(workspace / LINES), read_only=True) as connection:
        read = connection.execute(READ.format(facts=selected, shown_max=SHOWN_MAX)).fetchall()
        query = JUDGED.format(facts=selected, found=paths, judged_max=JUDGED_MAX)
        judged = connection.execute(query).fetchall()
    columns = feed.columns.given()
    given = [n for n, name in enumerate(names) if name in columns or name == "amount"]
    rows = [
        row
        for _, reasons in groupby(judged, key=itemgetter(0))
        for row in _judged(list(reasons), feed)
    ]
    line_columns = (*BEFORE, *names, *AFTER)
    return Told(
        _sums(figures, has_money=isinstance(feed, SalesFeed) or feed.has_money),
        Answer(
            f"The first {len(read)} lines, as they were read",
            ("line_no", *(names[n] for n in given)),
            [(row[0], *(_plain(row[1 + n]) for n in given)) for row in read],
        ),
        Answer("Lines", line_columns, rows),
        _reasons(rows, line_columns),
        len(judged) == JUDGED_MAX,
    )


def tell_refused(refused: FileRefused) -> Answer:
    """The one row for a file that would be refused."""
    code = CODES[refused.code]
    cells: dict[str, object] = {"outcome": "refused", "code": code.code}
    cells["send_again"] = AGAIN["en"][code.sent_again]
    cells |= {"reason": placed(code.en, refused), "hint": placed(code.hint_en, refused)}
    columns = (*BEFORE, *FACTS, *AFTER)
    return Answer("Lines", columns, [[cells.get(name) for name in columns]])


def placed(sentence: str, refused: FileRefused) -> str:
    """A sentence with the values that belong into it."""
    return sentence.format(**refused.detail)


def _facts(feed: SalesFeed | PlainFeed) -> tuple[str, ...]:
    """The columns that are told; voucher codes are not."""
    if isinstance(feed, SalesFeed):
        return FACTS
    return tuple(name for name, cell in feed.columns.cells().items() if cell.kind is not SECRET)


def _sums(figures: Mapping[str, Figures], *, has_money: bool) -> Answer:
    rows = [(name, figures[name].lines, _plain(figures[name].amount)) for name in OUTCOMES]
    columns = ("outcome", "lines", "amount")
    shown = len(columns) if has_money else len(columns) - 1
    title = "What would become of its lines"
    return Answer(title, columns[:shown], [row[:shown] for row in rows])


def _judged(
    reasons: Sequence[Sequence[Any]], feed: SalesFeed | PlainFeed
) -> Iterator[list[object]]:
    """The rows of one line: one for each of its reasons, or one if it is accepted."""
    columns = feed.columns.named()
    codes = [CODES[code] for _, _, code, *_ in reasons if code]
    again = AGAIN["en"][sent_again(codes)] if codes else None
    for line_no, outcome, name, field, seen, *facts in reasons:
        header = columns[field].header if field in columns else None
        code = CODES[name] if name else None
        words = (code.en, code.hint_en) if code else (None, None)
        yield [line_no, outcome, name, header, seen, *map(_plain, facts), again, *words]


def _reasons(rows: Sequence[Sequence[object]], line_columns: Sequence[str]) -> Answer:
    """The first reasons, for people: what is not accepted, and why."""
    columns = ("line_no", "outcome", "code", "column", "seen", "reason", "hint")
    places = [line_columns.index(name) for name in columns]
    found = [[row[n] for n in places] for row in rows if row[2]]
    title = f"{min(len(found), SHOWN_MAX)} of {len(found)} reasons"
    return Answer(title, columns, found[:SHOWN_MAX])


def _plain(value: object) -> object:
    """A number without the zeros that its type writes behind it."""
    if not isinstance(value, Decimal):
        return value
    written = format(value, "f")
    return written.rstrip("0").rstrip(".") if "." in written else written
