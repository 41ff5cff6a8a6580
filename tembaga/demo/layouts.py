"""How the three distributors write the same facts: two kinds of text and a workbook.

A row is what a distributor's system holds, under our names; a layout gives it the
distributor's headers and form. Text stays as it is, which is how a mistake gets into a file.
"""

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from xml.etree.ElementTree import tostring

from openpyxl import Workbook
from openpyxl.packaging.core import DocumentProperties

from tembaga.demo.people import workshops
from tembaga.demo.sales import Numbering, Sale

Cell = str | int | date | Decimal | None
Row = Mapping[str, Cell]

SURPLUS = "surplus"  # A cell after the last header: it makes a row ragged.
# The clock of every workbook, or no two would be alike.
WRITTEN_AT = datetime(2026, 1, 1)  # noqa: DTZ001 - a workbook knows no time zone.


@dataclass(frozen=True)
class Distributor:
    """One distributor's seed, numbers, names of files and form of rows."""

    partner: str
    seed: int
    numbering: Numbering
    file_name: str
    headers: Mapping[str, str]
    form: Callable[[Sequence[str], Sequence[Sequence[Cell]]], bytes]

    def name_of(self, week_end: date, remark: str = "") -> str:
        """The name of the file of the week that ends on `week_end`."""
        return self.file_name.format(day=week_end, remark=remark)

    def write(self, rows: Iterable[Row]) -> bytes:
        """A whole file of `rows`. The same rows give the same bytes."""
        return self.form(list(self.headers.values()), [self._cells(row) for row in rows])

    def _cells(self, row: Row) -> list[Cell]:
        cells = [row[name] for name in self.headers]
        return [*cells, row[SURPLUS]] if SURPLUS in row else cells


def row_of(sale: Sale) -> Row:
    """All that a layout may write of a line."""
    return {
        "document": sale.document,
        "line": sale.line,
        "day": sale.day,
        "advocate": sale.advocate,
        "outlet": sale.outlet,
        "outlet_name": _outlet_names()[sale.outlet],
        "sku": sale.sku,
        "description": sale.description,
        "quantity": sale.quantity,
        "unit_price": Decimal(sale.price_minor).scaleb(-2),
        "amount": Decimal(sale.amount_minor).scaleb(-2),
        "returns_document": sale.returns_document,
    }


def comma_separated(headers: Sequence[str], rows: Sequence[Sequence[Cell]]) -> bytes:
    """Commas, ISO dates, decimal points, UTF-8."""
    return _text([headers, *rows], str, delimiter=",", line_end="\n").encode()


def semicolon_separated(headers: Sequence[str], rows: Sequence[Sequence[Cell]]) -> bytes:
    """Semicolons, dd/mm/yyyy, decimal commas, windows-1252, and a last line with the total."""
    amount = list(headers).index("Nilai DPP")
    amounts = [row[amount] for row in rows]
    total = sum((cell for cell in amounts if isinstance(cell, Decimal)), Decimal(0))
    lines = [headers, *rows, ("TOTAL", len(rows), total)]
    return _text(lines, _indonesian, delimiter=";", line_end="\r\n").encode("windows-1252")


def workbook(headers: Sequence[str], rows: Sequence[Sequence[Cell]]) -> bytes:
    """An .xlsx with real numbers and dates."""
    book = Workbook()
    sheet = book.active
    sheet.title = "Penjualan"
    for row in (headers, *rows):
        sheet.append(list(row))
    return _timeless(book)


_DISTRIBUTORS = (
    Distributor(
        partner="banyumili",
        seed=26_01,
        numbering=Numbering("INV-{day:%y%m}-{n:05}", "CRN-{day:%y%m}-{n:04}"),
        file_name="SALES_{day:%Y-%m-%d}{remark}.csv",
        headers={
            "document": "Invoice No",
            "line": "Line",
            "day": "Invoice Date",
            "outlet": "Outlet ID",
            "outlet_name": "Outlet Name",
            "advocate": "Mechanic ID",
            "sku": "SKU",
            "description": "Description",
            "quantity": "Qty",
            "amount": "Net Amount",
            "returns_document": "Returns Invoice",
        },
        form=comma_separated,
    ),
    Distributor(
        partner="tapakrimba",
        seed=26_02,
        numbering=Numbering("{n:05}/FJ/{day:%m/%Y}", "{n:04}/RJ/{day:%m/%Y}"),
        file_name="PENJUALAN_{day:%Y%m%d}{remark}.csv",
        headers={
            "document": "No Faktur",
            "day": "Tgl Faktur",
            "outlet": "Kode Bengkel",
            "outlet_name": "Nama Bengkel",
            "advocate": "ID Mekanik",
            "sku": "Kode Barang",
            "description": "Nama Barang",
            "quantity": "Jumlah",
            "amount": "Nilai DPP",
            "returns_document": "Retur Atas Faktur",
        },
        form=semicolon_separated,
    ),
    Distributor(
        partner="sagarabumi",
        seed=26_03,
        numbering=Numbering("SGB{day:%y}-{n:05}", "RTR{day:%y}-{n:04}"),
        file_name="Laporan Penjualan {day:%Y-%m-%d}{remark}.xlsx",
        headers={
            "day": "Tanggal",
            "document": "Nomor Faktur",
            "line": "Baris",
            "outlet": "Bengkel",
            "advocate": "Mekanik",
            "sku": "Kode Produk",
            "description": "Nama Produk",
            "quantity": "Qty",
            "unit_price": "Harga Satuan",
            "returns_document": "Retur Dari",
        },
        form=workbook,
    ),
)
DISTRIBUTORS = {distributor.partner: distributor for distributor in _DISTRIBUTORS}


@cache
def _outlet_names() -> dict[str, str]:
    return {workshop.outlet: workshop.name for workshop in workshops()}


def _text(
    rows: Iterable[Sequence[Cell]],
    cell_text: Callable[[Cell], str],
    *,
    delimiter: str,
    line_end: str,
) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end)
    writer.writerows([cell_text(cell) if cell is not None else "" for cell in row] for row in rows)
    return text.getvalue()


def _indonesian(cell: Cell) -> str:
    if isinstance(cell, date):
        return f"{cell:%d/%m/%Y}"
    if isinstance(cell, Decimal):
        return f"{cell:,.2f}".translate(str.maketrans(",.", ".,"))
    return str(cell)


def _timeless(book: Workbook) -> bytes:
    """The workbook without the time of day that openpyxl and zip leave in it.

    Its parts are stored rather than deflated: zlib differs between machines.
    """
    saved = io.BytesIO()
    book.save(saved)
    properties = DocumentProperties(creator="Sagarabumi", created=WRITTEN_AT, modified=WRITTEN_AT)
    timeless = io.BytesIO()
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(timeless, "w") as target:
        for name in source.namelist():
            part = source.read(name)
            if name == "docProps/core.xml":
                part = tostring(properties.to_tree())
            target.writestr(zipfile.ZipInfo(name, WRITTEN_AT.timetuple()[:6]), part)
    return timeless.getvalue()
