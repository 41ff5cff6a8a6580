"""Columns: which of a file's columns is which of ours, by its name and by what stands in it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tembaga.proposing.cells import ENOUGH, Numbers, read_days
from tembaga.proposing.guess import Guess, Sure
from tembaga.proposing.names import FEES, NAMES, NOT_A_CODE, score, tax_of

REQUIRED = ("document", "document_date", "advocate", "outlet", "sku", "quantity", "amount")
NUMBERS = ("quantity", "amount", "unit_price")
CODES = ("document", "advocate", "second_advocate", "outlet", "sku", "returns_document")
FILLED = 0.5  # Of the cells of a code's column: faulty lines may lack it.
NEAR = 0.01  # Of an amount, for it to be quantity times price.
SHOWN_MAX = 5


@dataclass(frozen=True)
class Known:
    """The codes that the programme and the register know; a set is None if nobody was asked."""

    products: frozenset[str] | None = None
    outlets: frozenset[str] | None = None
    advocates: frozenset[str] | None = None

    def of(self, name: str) -> frozenset[str]:
        """The codes that may stand in one of our columns."""
        held = {"sku": self.products, "outlet": self.outlets, "advocate": self.advocates}
        return held.get(name) or frozenset()


@dataclass(frozen=True)
class Found:
    """The columns of a file, as far as they were found."""

    form_guesses: Sequence[Guess]
    guesses: Sequence[Guess]
    remarks: Sequence[str]


@dataclass(frozen=True)
class FileColumn:
    """One column of the file, and what its filled cells are."""

    header: str
    cells: Sequence[str]
    filled: Sequence[str]
    values: Sequence[float | None]
    day: Guess | None
    days: int
    known: dict[str, int] = field(default_factory=dict)
    known_in_capitals: dict[str, int] = field(default_factory=dict)

    @property
    def is_number(self) -> bool:
        fit = sum(value is not None for value in self.values)
        return bool(self.filled) and self.day is None and fit >= ENOUGH * len(self.filled)

    def can_be(self, name: str) -> bool:
        """Whether what stands in it may be one of ours."""
        if not self.header:
            return False
        if name == "document_date":
            return self.day is not None
        if name in NUMBERS:
            return self.is_number
        if name in CODES:
            is_name = NOT_A_CODE.search(self.header.lower()) is not None
            full = name == "returns_document" or len(self.filled) >= FILLED * len(self.cells)
            return self.day is None and full and not is_name
        return bool(self.filled)


def find_columns(
    headers: Sequence[str], rows: Sequence[Sequence[str]], numbers: Numbers, known: Known
) -> Found:
    """Find which column is which; what is not found is left open."""
    columns = read_columns(headers, rows, numbers, known)
    taken = _assigned(columns)
    _by_values_alone(columns, taken)
    remarks = list(_remarks(columns, taken, known))
    if "amount" in taken and "unit_price" in taken:
        remarks.append(_product_remark(taken))
        del taken["unit_price"]
    used = {column.header for column in taken.values()}
    others = [header for header in headers if header and header not in used]
    guesses = [_guess(name, taken[name], known) for name in NAMES if name in taken]
    guesses += [
        Guess(f"columns.{name}", None, "open", "no column could be found")
        for name in REQUIRED
        if name not in taken and not (name == "amount" and "unit_price" in taken)
    ]
    guesses.append(Guess("other_headers", others, "sure", "what else the header names"))
    guesses.append(_fees(taken, known))
    day = taken["document_date"].day if "document_date" in taken else None
    form = [day] if day else []
    form.append(_tax(taken))
    return Found(form, guesses, remarks)


def read_columns(
    headers: Sequence[str], rows: Sequence[Sequence[str]], numbers: Numbers, known: Known
) -> list[FileColumn]:
    """The columns of a file, and what stands in each."""
    return [
        _column(header, cells, numbers, known)
        for header, cells in zip(headers, zip(*rows, strict=True), strict=True)
    ]


def _column(header: str, cells: Sequence[str], numbers: Numbers, known: Known) -> FileColumn:
    filled = [cell for cell in cells if cell]
    values = [numbers.value(cell) for cell in cells]
    fit, day = read_days(filled) if filled else (0, None)
    if day is not None and day.value == "%Y%m%d" and len(set(filled)) == len(filled) > 2:
        fit, day = 0, None  # Numbers that rise, and no days.
    found = {name: known.of(name) for name in ("sku", "outlet", "advocate")}
    return FileColumn(
        header,
        cells,
        filled,
        values,
        day,
        fit,
        {name: sum(cell in codes for cell in filled) for name, codes in found.items()},
        {name: sum(cell.upper() in codes for cell in filled) for name, codes in found.items()},
    )


def _assigned(columns: Sequence[FileColumn]) -> dict[str, FileColumn]:
    """Each of ours with the column that fits it best, the best fit first."""
    scored = sorted(
        (
            (_score(name, column), -nth, name, column)
            for nth, column in enumerate(columns)
            for name in NAMES
            if column.can_be(name)
        ),
        key=lambda item: item[:2],
        reverse=True,
    )
    taken: dict[str, FileColumn] = {}
    for points, _, name, column in scored:
        if points >= 1 and name not in taken and all(column is not one for one in taken.values()):
            taken[name] = column
    return taken


def _score(name: str, column: FileColumn) -> float:
    points = score(name, column.header)
    if column.filled and column.known_in_capitals.get(name, 0) > len(column.filled) / 2:
        points += 4
    if name == "document_date" and points:
        points += 1
    return points


def _by_values_alone(columns: Sequence[FileColumn], taken: dict[str, FileColumn]) -> None:
    """Fill in what has no telling name and stands apart by its values."""
    free = [column for column in columns if all(column is not one for one in taken.values())]
    days = [column for column in free if column.day is not None]
    if "document_date" not in taken and len(days) == 1:
        taken["document_date"] = days[0]
    numbers = [column for column in free if column.is_number]
    if "quantity" in taken or "amount" in taken or "unit_price" in taken:
        return
    for quantity in numbers:
        for price in numbers:
            for amount in numbers:
                apart = quantity is not price is not amount is not quantity
                if apart and _times(quantity, price, amount) == len(amount.cells) > 2:
                    taken |= {"quantity": quantity, "unit_price": price, "amount": amount}
                    return


def _times(quantity: FileColumn, price: FileColumn, amount: FileColumn) -> int:
    """How many lines have an amount that is quantity times price, and not trivially."""
    return sum(
        q is not None and p is not None and a is not None and abs(q * p - a) <= abs(a) * NEAR
        for q, p, a in zip(quantity.values, price.values, amount.values, strict=True)
    )


def _guess(name: str, column: FileColumn, known: Known) -> Guess:
    value: dict[str, object] = {"header": column.header}
    by_name, evidence = score(name, column.header), [f"filled in {filled_of(column)} lines"]
    certain = by_name >= 3
    if by_name:
        evidence.insert(0, "by its name" if certain else "its name has such a word")
    else:
        evidence.insert(0, "by its values alone")
    if name in column.known_in_capitals:
        certain = is_confirmed(name, column, known, evidence)
    if name == "returns_document":
        certain = False
    if name in CODES and name != "document":
        value |= dict(mended(name, column, evidence))
    if name in NUMBERS:
        values = [number for number in column.values if number is not None]
        evidence.append(f"{len(values)} of {len(column.filled)} are numbers")
        evidence.append(f"{sum(number < 0 for number in values)} are negative")
        certain = certain and len(values) == len(column.filled)
    if name == "document_date" and column.day is not None:
        evidence.append(column.day.evidence)
    sure: Sure = "sure" if certain else ("likely" if by_name else "open")
    return Guess(f"columns.{name}", value, sure, "; ".join(evidence))


def is_confirmed(name: str, column: FileColumn, known: Known, evidence: list[str]) -> bool:
    """Whether the codes in it are known: a name alone may be that of another column."""
    if not known.of(name):
        evidence.append("its codes could not be compared")
        return False
    found = column.known_in_capitals[name]
    evidence.append(f"{found} of {len(column.filled)} codes are known")
    return found >= ENOUGH * len(column.filled)


def mended(name: str, column: FileColumn, evidence: list[str]) -> Iterator[tuple[str, object]]:
    """What has to be done to its codes, so that one code is written one way."""
    known, in_capitals = column.known.get(name, 0), column.known_in_capitals.get(name, 0)
    codes = set(column.filled)
    twice = len(codes) - len({code.upper() for code in codes})
    if in_capitals > known or twice:
        evidence.append(f"codes in small letters as well: {max(in_capitals - known, twice)}")
        yield "upper", True
    if column.filled and all(code.endswith(".0") for code in column.filled):
        evidence.append("all end with .0, as a program's numbers do")
        yield "strip_suffix", ".0"


def filled_of(column: FileColumn) -> str:
    """In how many lines a column says something."""
    return f"{len(column.filled)} of {len(column.cells)}"


def _fees(taken: dict[str, FileColumn], known: Known) -> Guess:
    """Codes of the products' column that look like fees."""
    cells = set(taken["sku"].filled) if "sku" in taken else set()
    found = sorted(code for code in cells - known.of("sku") if FEES.search(code.lower()))
    said = "they look like postage or fees, and no product is called so" if found else "none seen"
    return Guess("not_products", found, "open" if found else "likely", said)


def _tax(taken: dict[str, FileColumn]) -> Guess:
    column = taken.get("amount") or taken.get("unit_price")
    if column is not None and (tax := tax_of(column.header)):
        return Guess("tax", tax, "likely", f"{column.header!r} says so")
    return Guess("tax", "net", "open", "nothing says whether amounts are with VAT: ask")


def _product_remark(taken: dict[str, FileColumn]) -> str:
    quantity, price, amount = (taken.get(name) for name in ("quantity", "unit_price", "amount"))
    if quantity is None or price is None or amount is None:
        return "There are an amount and a unit price; the amount is taken."
    found = _times(quantity, price, amount)
    return (
        f"{amount.header!r} is {quantity.header!r} times {price.header!r} in {found} of "
        f"{len(amount.cells)} lines; the amount is taken. Where they differ, ask whether one is "
        "with VAT or before a discount."
    )


def _remarks(
    columns: Sequence[FileColumn], taken: dict[str, FileColumn], known: Known
) -> Iterator[str]:
    for name, codes in (("advocates", known.advocates), ("outlets", known.outlets)):
        if codes is None:
            yield f"No register runs on this home: {name} were looked for by name alone."
    sku = taken.get("sku")
    if sku is not None and known.products:
        unknown = sorted({cell for cell in sku.filled if cell.upper() not in known.products})
        if unknown:
            shown = ", ".join(unknown[:SHOWN_MAX]) + (", …" if len(unknown) > SHOWN_MAX else "")
            yield f"{len(unknown)} codes in {sku.header!r} are no products of ours: {shown}."
    if unnamed := sum(not column.header for column in columns):
        yield f"{unnamed} columns have no name: ask for names."
    for column in columns:
        if re.search(r"\b(action|aksi|koreksi|status)\b", column.header.lower()):
            yield (
                f"{column.header!r} may say that a line corrects another; see action and version "
                "in docs/agreement.md."
            )
