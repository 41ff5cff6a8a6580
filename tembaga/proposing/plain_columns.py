"""Plain columns: which of a file's columns is which of a plain feed's, and which feed it is."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from tembaga.kinds import (
    ANY_DAY,
    CODE,
    DAY,
    EMAIL,
    INSTANT,
    MONEY,
    PHONE,
    POINTS,
    SECRET,
    TEXT,
    WORD,
    Cell,
)
from tembaga.plain_feeds import PLAIN_FEEDS, PlainColumns
from tembaga.proposing.cells import ENOUGH, read_days
from tembaga.proposing.columns import (
    FileColumn,
    Found,
    Known,
    filled_of,
    is_confirmed,
    mended,
)
from tembaga.proposing.guess import Guess, Sure
from tembaga.proposing.names import plain, score, score_among
from tembaga.proposing.plain_names import PLAIN_NAMES, WORDS
from tembaga.vouchers import VoucherCodeError, read_code

SALES = "sales"
OF_SALES = ("document", "document_date", "advocate", "outlet", "sku", "quantity", "amount")
HALF = 0.5  # Of a feed's columns, for a file to be of that feed.
WORDS_MAX = 12  # Different words in a column of words; a column of texts has more.
LOOKS_LIKE = {
    EMAIL: re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    PHONE: re.compile(r"\+?[\d ().-]{8,22}"),
    INSTANT: re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})"),
}
NAMED = {feed.name: feed for feed in PLAIN_FEEDS}


@dataclass(frozen=True)
class _Fit:
    """How well a file fits a feed: so many of its columns were found by their names."""

    feed: str
    found: int
    columns: int

    @property
    def share(self) -> float:
        return self.found / self.columns


def which_feed(columns: Sequence[FileColumn], among: Sequence[str]) -> Guess:
    """Which of these feeds the columns are of. Where none fits, sales are taken for it."""
    fits = sorted(
        (_fit(name, columns) for name in among),
        key=lambda fit: (fit.share, fit.found),
        reverse=True,
    )
    best, *others = fits
    said = f"{best.found} of {best.columns} columns of {best.feed} were found by their names"
    if others:
        said += f", and {others[0].found} of {others[0].columns} of {others[0].feed}"
    if best.share < HALF:
        name = SALES if SALES in among else best.feed
        return Guess("feed", name, "open", f"only {said}: say --feed if it is another")
    is_alone = not others or others[0].share < best.share
    return Guess("feed", best.feed, "sure" if best.share == 1 and is_alone else "likely", said)


def find_plain_columns(name: str, columns: Sequence[FileColumn], known: Known) -> Found:
    """Find which column is which of a plain feed; what is not found is left open."""
    cells, needed = _cells(name), _needed(name)
    taken = _assigned(name, columns)
    days = [taken[column] for column, cell in cells.items() if column in taken and _is_day(cell)]
    form = _date_form(days)
    used = {id(column) for column in taken.values()}
    others = [column.header for column in columns if column.header and id(column) not in used]
    guesses = [_guess(name, ours, taken[ours], known) for ours in cells if ours in taken]
    guesses += [
        Guess(f"columns.{ours}", None, "open", "no column could be found")
        for ours in needed
        if ours not in taken
    ]
    guesses.append(Guess("other_headers", others, "sure", "what else the header names"))
    return Found(form, guesses, [])


def has_numbers(name: str) -> bool:
    """Whether a plain feed has numbers, so that its marks matter."""
    return any(cell.kind in (MONEY, POINTS) for cell in _cells(name).values())


def _cells(name: str) -> dict[str, Cell]:
    return _columns_of(name).cells()


def _columns_of(name: str) -> type[PlainColumns]:
    return cast("type[PlainColumns]", NAMED[name].model_fields["columns"].annotation)


def _needed(name: str) -> list[str]:
    """The columns that a file of the feed must have."""
    fields = _columns_of(name).model_fields
    return [column for column, field in fields.items() if field.is_required()]


def _fit(name: str, columns: Sequence[FileColumn]) -> _Fit:
    if name == SALES:
        found = sum(any(_names_of_sales(ours, column) for column in columns) for ours in OF_SALES)
        return _Fit(name, found, len(OF_SALES))
    needed = _needed(name)
    taken = _assigned(name, columns)
    return _Fit(name, sum(column in taken for column in needed), len(needed))


def _names_of_sales(name: str, column: FileColumn) -> bool:
    names = ("amount", "unit_price") if name == "amount" else (name,)
    return any(column.can_be(ours) and score(ours, column.header) >= 1 for ours in names)


def _assigned(name: str, columns: Sequence[FileColumn]) -> dict[str, FileColumn]:
    """Each of ours with the column that its header names best, the best named first."""
    scored = sorted(
        (
            (_score(name, ours, cell, column), -nth, ours, column)
            for nth, column in enumerate(columns)
            for ours, cell in _cells(name).items()
            if column.header and _can_be(cell, column)
        ),
        key=lambda item: item[:2],
        reverse=True,
    )
    taken: dict[str, FileColumn] = {}
    for points, _, ours, column in scored:
        if points >= 1 and ours not in taken and all(column is not one for one in taken.values()):
            taken[ours] = column
    return taken


def _score(name: str, ours: str, cell: Cell, column: FileColumn) -> float:
    names = PLAIN_NAMES[name][ours]
    return score_among(names, column.header, may_be_text=cell.kind is not CODE)


def _is_day(cell: Cell) -> bool:
    return cell.kind in (DAY, ANY_DAY)


def _can_be(cell: Cell, column: FileColumn) -> bool:
    """Whether what stands in a column may be cells of that kind."""
    if not column.filled:
        return cell.may_be_empty
    kind = cell.kind
    if _is_day(cell):
        return column.day is not None
    if kind in (MONEY, POINTS):
        return column.is_number
    if kind in LOOKS_LIKE:
        return _share(column, lambda text: bool(LOOKS_LIKE[kind].fullmatch(text))) >= ENOUGH
    if kind is SECRET:
        return _share(column, _is_code) >= ENOUGH
    if kind is WORD:
        return len(set(column.filled)) <= WORDS_MAX
    return column.day is None


def _share(column: FileColumn, fits: Callable[[str], bool]) -> float:
    """How many of the filled cells fit, of all of them."""
    return sum(map(fits, column.filled)) / len(column.filled)


def _is_code(text: str) -> bool:
    try:
        read_code(text)
    except VoucherCodeError:
        return False
    return True


def _date_form(days: Sequence[FileColumn]) -> list[Guess]:
    """The form of all days of the file together: it has one."""
    _, guess = read_days([cell for column in days for cell in column.filled])
    return [guess] if guess else []


def _guess(name: str, ours: str, column: FileColumn, known: Known) -> Guess:
    cell = _cells(name)[ours]
    certain = _score(name, ours, cell, column) >= 3
    evidence = ["by its name" if certain else "its name has such a word"]
    evidence.append(f"filled in {filled_of(column)} lines")
    value: dict[str, object] = {"header": column.header}
    sure: Sure = "likely"
    if cell.kind is WORD:
        words, unknown = _words(cell, column)
        value |= {"words": words} if words else {}
        if unknown:
            evidence.append(f"ask what {', '.join(unknown)} mean")
            return Guess(f"columns.{ours}", value, "open", "; ".join(evidence))
    elif cell.kind is CODE:
        if known.of(ours) and name not in ("outlets", "advocates"):
            certain = is_confirmed(ours, column, known, evidence)
        value |= dict(mended(ours, column, evidence)) if column.filled else {}
        certain = certain and bool(known.of(ours))
    elif cell.kind is TEXT:
        certain = certain and bool(column.filled)
    if certain:
        sure = "sure"
    return Guess(f"columns.{ours}", value, sure, "; ".join(evidence))


def _words(cell: Cell, column: FileColumn) -> tuple[dict[str, list[str]], list[str]]:
    """The partner's words for ours, if they are not the same, and those that nobody knows."""
    said = sorted(set(column.filled))
    if set(said) <= set(cell.words):
        return {}, []
    words = {
        ours: found
        for ours in cell.words
        if (found := [word for word in said if plain(word) in WORDS[ours]])
    }
    known = {word for found in words.values() for word in found}
    return words, [word for word in said if word not in known]
