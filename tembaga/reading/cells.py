"""Cells: what the typed cell of a workbook or of Parquet shows, as text."""

from datetime import date, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tembaga.forms import Form

Cell = str | int | float | Decimal | bool | date | time | timedelta | None

EXACT_BELOW = 10**15  # A spreadsheet keeps fifteen digits of a number.


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
