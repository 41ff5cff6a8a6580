"""Names: what columns are called in Indonesian and English files, and what fees look like."""

import re
from collections.abc import Sequence

# By our column, the names as they stand in files, without case and signs.
NAMES: dict[str, tuple[str, ...]] = {
    "document": (
        "invoice no", "invoice number", "invoice", "invoiceno", "invoice id", "document",
        "document no", "document number", "doc no", "no faktur", "nomor faktur", "faktur",
        "no invoice", "no nota", "nomor nota", "nota", "no dokumen", "no bukti", "no transaksi",
    ),
    "document_line": (
        "line", "line no", "line number", "baris", "no baris", "nomor baris", "no urut", "urut",
    ),
    "document_date": (
        "date", "invoice date", "invoicedate", "document date", "sales date", "transaction date",
        "tanggal", "tgl", "tanggal faktur", "tgl faktur", "tanggal nota", "tgl nota",
        "tanggal transaksi", "tanggal invoice", "tgl invoice",
    ),
    "advocate": (
        "advocate", "mechanic", "mechanic id", "mechanic no", "mechanic code", "member",
        "member id", "member no", "member number", "card no", "card number", "mekanik",
        "id mekanik", "kode mekanik", "no mekanik", "anggota", "no anggota", "nomor anggota",
        "id anggota", "kode anggota", "kartu", "no kartu", "nomor kartu", "advokat", "no advokat",
    ),
    "second_advocate": (
        "second mechanic", "second advocate", "mechanic 2", "member 2", "mekanik 2",
        "mekanik kedua", "anggota 2", "anggota kedua",
    ),
    "outlet": (
        "outlet", "outlet id", "outlet code", "outlet no", "shop", "shop id", "shop code",
        "workshop", "workshop id", "store", "store code", "customer", "customer id", "customerid",
        "customer no", "customer code", "bengkel", "kode bengkel", "id bengkel", "toko",
        "kode toko", "id toko", "pelanggan", "kode pelanggan", "id pelanggan", "kode customer",
        "kode outlet",
    ),
    "sku": (
        "sku", "product code", "product id", "product", "item code", "item", "item no",
        "stock code", "stockcode", "part no", "part number", "material", "barcode", "kode barang",
        "kode produk", "kode item", "no barang", "kode sku", "kode",
    ),
    "quantity": (
        "qty", "quantity", "jumlah", "jml", "kuantitas", "banyak", "banyaknya", "kts", "qty jual",
    ),
    "unit": ("unit", "uom", "unit of measure", "satuan", "sat"),
    "amount": (
        "net amount", "amount", "line amount", "line total", "net value", "sales value", "value",
        "total", "subtotal", "sub total", "nilai dpp", "dpp", "nilai", "nilai netto", "netto",
        "jumlah harga", "total harga", "harga total", "nilai penjualan", "total nilai",
    ),
    "unit_price": (
        "unit price", "unitprice", "price", "net price", "harga satuan", "harga", "hrg",
        "harga jual", "hrg satuan",
    ),
    "returns_document": (
        "returns invoice", "return of invoice", "returned invoice", "original invoice",
        "reference invoice", "ref invoice", "retur dari", "retur atas faktur", "retur atas",
        "faktur asal", "no faktur asal", "faktur retur",
    ),
    "version": ("version", "versi"),
}  # fmt: skip

NOT_A_CODE = re.compile(r"\b(name|nama|description|deskripsi|keterangan|address|alamat)\b")
FEES = re.compile(
    r"\b(freight|postage|post|shipping|carriage|delivery|stamp|duty|fees?|charges?|discount|diskon|"
    r"ongkir|ongkos|biaya|kirim|meterai|materai|admin|potongan|pembulatan|rounding|dot|manual)\b"
)
NET = re.compile(r"\b(net|netto|nett|dpp|excl|exclusive|ex vat|before tax|sebelum pajak)\b")
GROSS = re.compile(r"\b(gross|bruto|incl|inclusive|termasuk|after tax|with vat)\b")


def plain(header: str) -> str:
    """A header without case and signs, its words apart."""
    return " ".join(re.findall(r"[^\W_]+", header.lower()))


def score(name: str, header: str) -> float:
    """How well a header names one of our columns of sales: 3 if it says just that, 0 not at all."""
    return score_among(NAMES[name], header)


def score_among(names: Sequence[str], header: str, *, may_be_text: bool = False) -> float:
    """How well a header is one of these names: 3 if that is what it says, 0 if not at all.

    One that says more than the name is none of a code if it speaks of texts.
    """
    said = plain(header)
    if said in names:
        return 3
    words = said.split()
    within = [known for known in names if set(known.split()) <= set(words)]
    if not within or (NOT_A_CODE.search(said) and not may_be_text):
        return 0
    longest = max(len(known.split()) for known in within)
    return 1 + longest / len(words)


def tax_of(header: str) -> str | None:
    """Whether a header says that amounts are without VAT or with it."""
    said = plain(header)
    if GROSS.search(said):
        return "gross"
    return "net" if NET.search(said) else None
