"""A last line that states the lines and the amount of a file."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tembaga.proposing.cells import Numbers
from tembaga.proposing.guess import Guess

WORDS = ("total", "jumlah", "grand total", "sum", "totaal", "trailer", "end", "eof")
NEAR = 0.005  # Of a sum, for a float to be it.


@dataclass(frozen=True)
class Total:
    """What was found out about a control total."""

    guesses: Sequence[Guess] = field(default_factory=tuple)
    remarks: Sequence[str] = field(default_factory=tuple)


def take_total(
    rows: Sequence[Sequence[str]], numbers: Numbers
) -> tuple[Total, Sequence[Sequence[str]]]:
    """A control total at the end of the rows, and the rows without it."""
    *lines, last = rows
    filled = [cell for cell in last if cell]
    if not lines or len(filled) > 4 or numbers.value(last[0]) is not None:
        return Total(), rows
    values = [numbers.value(cell) for cell in last[1:3]]
    is_count = values[:1] == [len(lines)]
    sums = [
        sum(value for row in lines if (value := numbers.value(row[n])) is not None)
        for n in range(len(last))
    ]
    amount = values[1] if len(values) > 1 else None
    is_sum = amount is not None and any(abs(found - amount) < NEAR for found in sums)
    if is_count and is_sum:
        said = f"the last line states {len(lines)} lines and a sum that one column has"
        return Total([Guess("control_total", {"mark": last[0]}, "sure", said)]), lines
    if last[0].lower().startswith(WORDS) or (
        len(filled) < 4 and any(cell.lower().startswith(WORDS) for cell in filled)
    ):
        remark = (
            f"The last line looks like a total ({' '.join(filled)[:60]}) and is not of the form "
            "mark, number of lines, sum of amounts: ask for that form, or to leave it out."
        )
        return Total(remarks=[remark]), lines
    return Total(), rows
