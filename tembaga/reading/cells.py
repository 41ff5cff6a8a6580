"""Cells: what the typed cell of a workbook or of Parquet shows, as text."""

from collections.abc import Collection, Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tembaga.forms import Form

Cell = str | int | float | Decimal | bool | date | time | timedelta | None

EXACT_BELOW = 10**15  # A spreadsheet keeps fifteen digits of a number.
NO_DAY = "#DATE!"  # Before a day or time that stands where none can be.


def as_texts(
    rows: Iterator[list[Cell]], form: "Form", days: Collection[str] | None
) -> Iterator[list[str]]:
    """What the rows show; `days` are the headers under which a cell may be a day, None: all.

    A day or time under another header is a code that a spreadsheet took for one, as `3-12`; it
    is written behind NO_DAY, so that it is neither taken for the code nor for a number.
    """
    of_no_days: list[int] = []
    for row_no, cells in enumerate(rows, start=1):
        texts = [shown(cell, form) for cell in cells]
        if row_no == form.header_row and days is not None:
            of_no_days = [n for n, header in enumerate(texts) if header.strip() not in days]
        elif row_no > form.header_row:
            for n in of_no_days:
                if n < len(cells) and isinstance(cells[n], (date, time, timedelta)):
                    texts[n] = f"{NO_DAY} {texts[n]}"
        yield texts


def shown(cell: Cell, form: "Form") -> str:
    """What a spreadsheet shows for a cell: at most fifteen digits, and days in the agreed form.

    A number that a float cannot hold to its last digit is written with its exponent, as a
    spreadsheet does: it was a code once, and is spoilt.
    """
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, (int, Decimal)):
        return format(cell, "f" if isinstance(cell, Decimal) else "d").replace(
            ".", form.decimal_mark
        )
    if isinstance(cell, float):
        if not abs(cell) < EXACT_BELOW:
            return format(cell, ".15G").replace(".", form.decimal_mark)
        return format(Decimal(format(cell, ".15g")), "f").replace(".", form.decimal_mark)
    if isinstance(cell, date):
        return cell.strftime(form.date_format)
    return str(cell)
