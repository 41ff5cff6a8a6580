"""What goes wrong in the demo's three months: bad lines, and files that must be refused.

Every mistake is made by hand and named for the code that answers it, so that a newcomer can
look up each in the acknowledgements.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import cast

from tembaga.demo.layouts import SURPLUS, Distributor, Row
from tembaga.demo.people import NOT_ENROLLED

_ONE = Decimal("46846.84")
_RETURNED: Row = {"quantity": -1, "amount": -_ONE, "unit_price": _ONE}

# The code that answers each mistake, and the cells that make it.
LINE_FAULTS: tuple[tuple[str, Row], ...] = (
    ("E_COLUMNS", {SURPLUS: "see e-mail of 14 Jan"}),
    ("E_DOCUMENT_MISSING", {"document": ""}),
    ("E_DATE", {"day": "2026-02-30"}),
    ("E_DATE", {"day": "15 Jan 26"}),
    ("E_DATE", {"day": date(2062, 1, 15)}),
    ("E_QUANTITY", {"quantity": "three"}),
    ("E_QUANTITY", {"quantity": ""}),
    ("E_AMOUNT", {"amount": "Rp 46.846,84", "unit_price": "Rp 46.846,84"}),
    ("E_AMOUNT", {"amount": "", "unit_price": ""}),
    ("E_AMOUNT_TOO_FINE", {"amount": "46846.846846", "unit_price": "46846.846846"}),
    ("E_AMOUNT_RANGE", {"amount": "1000000000000.00", "unit_price": "1000000000000.00"}),
    ("E_SIGN", {"quantity": 1, "amount": -_ONE, "unit_price": -_ONE}),
    ("E_ADVOCATE_MISSING", {"advocate": ""}),
    ("E_ADVOCATE_UNKNOWN", {"advocate": "RJ-9999"}),
    ("E_OUTLET_MISSING", {"outlet": ""}),
    ("E_OUTLET_UNKNOWN", {"outlet": "BKL-777"}),
    ("E_SKU_MISSING", {"sku": ""}),
    ("E_SKU_UNKNOWN", {"sku": "RJW-X404"}),
    ("E_SKU_UNKNOWN", {"sku": "=1+1"}),  # In a spreadsheet it must stay what it is.
    ("RETURN_UNMATCHED", {**_RETURNED, "returns_document": "INV 0"}),  # Loading looks for it.
)

# Mistakes that a form cannot make: a workbook keeps numbers as numbers, and a file with a
# control total can only be summed up if its amounts can be read.
IMPOSSIBLE = {
    "banyumili": frozenset[str](),
    "tapakrimba": frozenset({"E_COLUMNS", "E_AMOUNT", "E_AMOUNT_TOO_FINE", "E_AMOUNT_RANGE"}),
    "sagarabumi": frozenset({"E_COLUMNS", "E_AMOUNT_TOO_FINE", "E_AMOUNT_RANGE"}),
}
_FREIGHT = {"banyumili": "FREIGHT", "tapakrimba": "ONGKIR", "sagarabumi": "BIAYA KIRIM"}
_FIRST_FAULTY_DOCUMENT = 90_001


def faulty(distributor: Distributor, week: Sequence[Row], *, week_end: date) -> list[Row]:
    """A line for each fault that the distributor's form can have, on documents of their own.

    Freight, which is no product, and a line that is there twice close the list.
    """
    sales = [row for row in week if _is_good_sale(row)]
    faults = [cells for code, cells in LINE_FAULTS if code not in IMPOSSIBLE[distributor.partner]]
    faults += [{"sku": _FREIGHT[distributor.partner], "description": ""}]
    if "line" in distributor.headers:
        faults += [{}]
    rows: list[Row] = [
        {**sale, "document": distributor.numbering.of_sale(number, week_end), **cells}
        for number, (sale, cells) in enumerate(
            zip(sales[::7], faults, strict=False), start=_FIRST_FAULTY_DOCUMENT
        )
    ]
    return rows if "line" not in distributor.headers else [*rows, rows[-1]]


def in_conflict(week: Sequence[Row]) -> list[Row]:
    """Two lines of `week` with one piece more each: corrected without a word."""
    return [_with_one_more(row) for row in week if _is_good_sale(row)][:2]


def in_small_letters(rows: Sequence[Row]) -> list[Row]:
    """Every eleventh member number as a hurried clerk types it."""
    return [
        row if number % 11 else {**row, "advocate": str(row["advocate"]).lower()}
        for number, row in enumerate(rows)
    ]


def cut_short(data: bytes) -> bytes:
    """What has come when the line breaks: the file ends in the middle of a line."""
    return data[: data.rindex(b",", 0, len(data) // 3)]


def with_other_header(data: bytes) -> bytes:
    """The file after an update of the partner's system: a column has another name."""
    return data.replace(b"Nilai DPP", b"Nilai Netto", 1).replace(b"Net Amount", b"Amount", 1)


def with_total_off(data: bytes) -> bytes:
    """The file without one of its lines; the total still counts it."""
    lines = data.splitlines(keepends=True)
    return b"".join([*lines[:-2], lines[-1]])


def without_total(data: bytes) -> bytes:
    """The file without its last line, which bears the total."""
    return b"".join(data.splitlines(keepends=True)[:-1])


def in_windows_1252(data: bytes) -> bytes:
    """The file saved by an old spreadsheet, where UTF-8 was agreed."""
    return data.decode().encode("windows-1252")


def broken(data: bytes) -> bytes:
    """Half of a workbook: its table of contents, which stands at the end, is lost."""
    return data[: len(data) // 2]


def empty(_: bytes) -> bytes:
    """Nothing at all."""
    return b""


def _is_good_sale(row: Row) -> bool:
    quantity = row["quantity"]
    return isinstance(quantity, int) and quantity > 0 and row["advocate"] not in NOT_ENROLLED


def _with_one_more(row: Row) -> Row:
    quantity = cast(int, row["quantity"]) + 1
    return {**row, "quantity": quantity, "amount": quantity * cast(Decimal, row["unit_price"])}
