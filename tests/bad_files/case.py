"""What a case is made of, and the plain file that most of them spoil."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

Line = Mapping[str, str]
Data = bytes | Callable[[Path], bytes]  # Of the folder where our keys lie, where it needs them.

HEADERS = ("invoice", "line", "date", "member", "shop", "product", "qty", "amount", "returns")
LINES: tuple[Line, ...] = tuple(
    dict(
        zip(
            HEADERS,
            (f"F-{n}", str(n), f"2026-03-0{n}", f"A-{n}", "O-1", "RJW-M101", str(n), money, ""),
            strict=True,
        )
    )
    for n, money in ((1, "1234.56"), (2, "2000"), (3, "0.5"))
)
SPOILT_LINE = 3  # Its number in a file with a header.


@dataclass(frozen=True)
class Case:
    """A bad file. `reads` and `codes` are by line number; several codes stand in one text."""

    name: str
    data: Data
    form: Mapping[str, Any] = field(default_factory=dict)
    reads: Mapping[int, Line] | None = None
    codes: Mapping[int, str] | None = None

    @property
    def code(self) -> str:
        """The code of its name; READ if there is none."""
        return self.name.partition("__")[0]

    @property
    def is_refused(self) -> bool:
        """Whether the whole file is refused."""
        return self.code.startswith("E_FILE_")

    def expected_codes(self) -> dict[int, set[str]]:
        """The codes of the lines that are not accepted."""
        if self.is_refused or self.code == "READ":
            return {line_no: set(codes.split()) for line_no, codes in (self.codes or {}).items()}
        codes = self.codes or {SPOILT_LINE: self.code}
        return {line_no: set(found.split()) for line_no, found in codes.items()}

    def expected_rows(self) -> list[tuple[object, ...]]:
        """The facts of the lines that are accepted, in order."""
        reads = numbered(LINES) if self.reads is None else self.reads
        return [
            facts(line_no, line)
            for line_no, line in sorted(reads.items())
            if line_no not in self.expected_codes()
        ]


def numbered(lines: Iterable[Line], first: int = 2) -> dict[int, Line]:
    """Lines by their numbers in a file."""
    return dict(enumerate(lines, start=first))


def facts(line_no: int, line: Line) -> tuple[object, ...]:
    """What must be read from a line."""
    return (
        line_no,
        *(line[name] for name in ("invoice", "line", "date", "member", "shop", "product")),
        int(Decimal(line["qty"]) * 10_000),
        int(Decimal(line["amount"]) * 10_000),
        line["returns"] or None,
    )


def delimited(
    lines: Iterable[Line] = LINES, *, delimiter: str = ",", headers: Iterable[str] = HEADERS
) -> bytes:
    """A plain file of lines."""
    target = io.StringIO()
    writer = csv.writer(target, delimiter=delimiter, lineterminator="\n")
    writer.writerow(headers)
    writer.writerows([line[header] for header in headers] for line in lines)
    return target.getvalue().encode()


def changed(data: bytes, old: bytes | str, new: bytes | str) -> bytes:
    """The data with a part replaced, which must be there."""
    old, new = (part.encode() if isinstance(part, str) else part for part in (old, new))
    assert old in data
    return data.replace(old, new)


def with_cell(**cells: str) -> tuple[Line, ...]:
    """The lines, with other cells in the second."""
    return (LINES[0], {**LINES[1], **cells}, LINES[2])
