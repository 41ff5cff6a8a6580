"""Codes: every answer that a file or a line can get, in words that say what to do.

A code never changes its meaning; partners build their own programs on them.
The distributor's guide (`sftp_inbound/README.md`) shows this table, and a test keeps the two
the same. A sentence about a file may place values, `{like_this}`, which the register keeps
in `files.detail`; a sentence about a line stands alone, beside the field and the value seen.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["file", "rejected", "held", "duplicate", "accepted"]
Again = Literal["yes", "if_wrong", "no"]


@dataclass(frozen=True)
class Code:
    """One answer.

    `file`: the whole file is refused. The others are what becomes of a line: `rejected` must
    be sent again, corrected; `held` waits for something of ours; `duplicate` has no effect;
    `accepted` is said of a line that was held and counts now, or was withdrawn.

    `again`: whether to send the line, or the file, again; by default what was refused or
    rejected is, and nothing else. `waits_…`: what a held line waits for, by default for us.
    """

    code: str
    severity: Severity
    id: str
    en: str
    hint_id: str
    hint_en: str
    again: Again | None = None
    waits_id: str = "keputusan kami"
    waits_en: str = "our decision"

    def says(self, language: Literal["id", "en"]) -> str:
        """What is wrong."""
        return self.id if language == "id" else self.en

    def hint(self, language: Literal["id", "en"]) -> str:
        """What to do."""
        return self.hint_id if language == "id" else self.hint_en

    def waits_for(self, language: Literal["id", "en"]) -> str:
        """What a held line waits for; nothing if it is not held."""
        if self.severity != "held":
            return ""
        return self.waits_id if language == "id" else self.waits_en

    @property
    def sent_again(self) -> Again:
        """Whether to send it again, as far as this code goes."""
        return self.again or ("yes" if self.severity in ("file", "rejected") else "no")


def sent_again(codes: Iterable[Code]) -> Again:
    """Whether to send a line again that has these codes.

    One that never counts is not sent, whatever else is wrong with it; else whoever must mend
    one thing sends the line again.
    """
    found = list(codes)
    if any(code.severity == "rejected" and code.sent_again == "no" for code in found):
        return "no"
    order: tuple[Again, ...] = ("yes", "if_wrong")
    return next((again for again in order if again in {code.sent_again for code in found}), "no")


_ALL = (
    Code(
        "DUPLICATE_FILE",
        "file",
        id="Berkas yang sama sudah kami terima: {earlier_name} pada {earlier_on}, "
        "nomor berkas {earlier_file_no}.",
        en="We have this very file already: {earlier_name}, received on {earlier_on} "
        "as file number {earlier_file_no}.",
        hint_id="Tidak perlu tindakan. Jika Anda bermaksud mengirim data lain, kirim berkas lain.",
        hint_en="Nothing to do. If you meant to send other data, send that file.",
        again="no",
    ),
    Code(
        "E_FILE_NAME",
        "file",
        id="Nama berkas tidak dapat dipakai: terlalu panjang, diawali titik, diawali atau "
        "diakhiri spasi, atau memuat garis miring atau karakter yang tidak terlihat.",
        en="The file's name cannot be used: it is too long, begins with a dot, begins or ends "
        "with a blank, or holds a slash or characters that cannot be seen.",
        hint_id="Pakai sebaiknya hanya huruf, angka, titik, tanda hubung atau garis bawah, paling "
        "banyak 200, lalu kirim lagi.",
        hint_en="Best use letters, digits, dots, hyphens or underscores alone, at most 200, "
        "and send it again.",
    ),
    Code(
        "E_FILE_SENDER",
        "file",
        id="Folder ini bukan milik mitra yang terdaftar dalam program ini.",
        en="This folder belongs to no partner of this programme.",
        hint_id="Hubungi kami agar perjanjian berkas Anda didaftarkan.",
        hint_en="Write to us, so that your agreement can be set up.",
    ),
    Code(
        "E_FILE_NOT_AGREED",
        "file",
        id="Nama berkas tidak cocok dengan yang disepakati: {pattern}.",
        en="The name does not fit what was agreed: {pattern}.",
        hint_id="Ganti nama berkas sesuai pola itu, lalu kirim lagi.",
        hint_en="Rename the file to fit that pattern, and send it again.",
    ),
    Code(
        "E_FILE_GONE",
        "file",
        id="Berkas sudah tidak ada ketika akan kami ambil.",
        en="The file was gone when we came to take it.",
        hint_id="Jika berkas itu memang harus diproses, kirim lagi.",
        hint_en="If it should be taken after all, send it again.",
    ),
    Code(
        "E_FILE_TOO_LARGE",
        "file",
        id="Berkas terlalu besar: {size_bytes} bita, paling banyak {limit_bytes}.",
        en="The file is too large: {size_bytes} bytes, at most {limit_bytes}.",
        hint_id="Bagi berkas menjadi beberapa bagian, masing-masing dengan judul kolom.",
        hint_en="Split it into several files, each with its header.",
    ),
    Code(
        "E_FILE_EMPTY",
        "file",
        id="Berkas tidak berisi satu baris data pun.",
        en="The file holds not one line of data.",
        hint_id="Periksa ekspor Anda, lalu kirim lagi. Hari tanpa data tidak perlu berkas.",
        hint_en="Check your export and send it again. A day without data needs no file.",
    ),
    Code(
        "E_FILE_UNREADABLE",
        "file",
        id="Berkas tidak dapat dibaca sebagai {format}; pembacaan berhenti di baris {line_no}.",
        en="The file cannot be read as {format}; reading stopped at line {line_no}.",
        hint_id="Periksa baris itu (di CSV: tanda kutip yang tidak ditutup?), simpan ulang di "
        "program asalnya tanpa kata sandi, lalu kirim lagi.",
        hint_en="Look at that line (in CSV: a quotation mark that is never closed?), save the file "
        "again in the program it came from, without a password, and send it again.",
    ),
    Code(
        "E_FILE_LINE_TOO_LONG",
        "file",
        id="Baris {line_no} lebih panjang dari {limit_bytes} bita.",
        en="Line {line_no} is longer than {limit_bytes} bytes.",
        hint_id="Akhiri setiap baris dengan ganti baris (LF atau CRLF), lalu kirim lagi.",
        hint_en="End every line with a line end (LF or CRLF), and send the file again.",
    ),
    Code(
        "E_FILE_PACKING",
        "file",
        id="Berkas tidak dikemas seperti yang disepakati: {packing}.",
        en="The file is not packed as agreed: {packing}.",
        hint_id="Kemas tepat satu berkas sebagai {packing}, tanpa kata sandi, folder dan tautan, "
        "lalu kirim lagi yang utuh.",
        hint_en="Pack exactly one file as {packing}, without password, folders or links, "
        "and send it again as a whole.",
    ),
    Code(
        "E_FILE_ENCRYPTION",
        "file",
        id="Berkas tidak dienkripsi seperti yang disepakati: {encryption}.",
        en="The file is not encrypted as agreed: {encryption}.",
        hint_id="Jika disepakati pgp, enkripsi berkas dengan kunci publik kami, lalu kirim lagi "
        "yang utuh; jika none, kirim tanpa enkripsi.",
        hint_en="If pgp was agreed, encrypt the file for our public key, and send it again as a "
        "whole; if none, send it without encryption.",
    ),
    Code(
        "E_FILE_SHEET",
        "file",
        id="Lembar yang disepakati tidak ada dalam berkas: {sheet}.",
        en="The sheet agreed is not in the file: {sheet}.",
        hint_id="Beri lembar itu nama atau urutan yang disepakati, jangan disembunyikan, "
        "lalu kirim lagi.",
        hint_en="Give the sheet the name or place agreed, do not hide it, and send the file again.",
    ),
    Code(
        "E_FILE_COLUMN_TYPE",
        "file",
        id="Kolom {column} bertipe {type}, yang bukan isi sel.",
        en="The column {column} is of type {type}, which is no cell's.",
        hint_id="Tulis kolom itu sebagai teks, angka, tanggal, atau waktu tanpa zona, "
        "lalu kirim lagi.",
        hint_en="Write that column as text, number, date, or time without a zone, "
        "and send the file again.",
    ),
    Code(
        "E_FILE_ENCODING",
        "file",
        id="Berkas bukan teks {encoding}; baris {line_no} tidak dapat dibaca.",
        en="The file is not {encoding} text; line {line_no} cannot be read.",
        hint_id="Simpan sebagai teks dengan pengodean {encoding} (utf-16: dengan BOM), lalu kirim "
        "lagi.",
        hint_en="Save it as text in the encoding {encoding} (utf-16: with a byte order mark), "
        "and send it again.",
    ),
    Code(
        "E_FILE_HEADER",
        "file",
        id="Judul kolom tidak seperti yang disepakati. Tidak ada: {missing}. "
        "Tidak dikenal: {unexpected}. Lebih dari sekali: {repeated}.",
        en="The header is not the one agreed. Missing: {missing}. "
        "Unexpected: {unexpected}. More than once: {repeated}.",
        hint_id="Tulis judul kolom di barisnya persis seperti disepakati, termasuk huruf besar dan "
        "kecil, masing-masing sekali, lalu kirim lagi. Urutannya bebas.",
        hint_en="Write the header into its line exactly as agreed, in the same letter case, each "
        "name once, and send the file again. The order is free.",
    ),
    Code(
        "E_FILE_TRUNCATED",
        "file",
        id="Berkas terpotong: {expected} tidak ada di akhir berkas.",
        en="The file was cut short: {expected} is missing at its end.",
        hint_id="Kirim lagi berkas yang utuh. Baris terakhir pun diakhiri ganti baris (LF).",
        hint_en="Send the whole file again. Its last line, too, ends with a line end (LF).",
    ),
    Code(
        "E_FILE_CONTROL_TOTAL",
        "file",
        id="Total kontrol tidak cocok. Tertulis: {stated_lines} baris, {stated_amount}. "
        "Terhitung: {found_lines} baris, {found_amount}.",
        en="The control total does not agree. Stated: {stated_lines} lines, {stated_amount}. "
        "Found: {found_lines} lines, {found_amount}.",
        hint_id="Periksa apakah semua baris terkirim dan semua nilainya dapat dibaca, "
        "lalu kirim lagi.",
        hint_en="Check that every line is there and every amount can be read, "
        "and send the file again.",
    ),
    Code(
        "E_COLUMNS",
        "rejected",
        id="Jumlah sel pada baris ini tidak sama dengan judul kolom, atau tanda kutipnya "
        "mencakup baris lain.",
        en="The line has not as many cells as the header, or its quotation marks take in others.",
        hint_id="Periksa pemisah kolom dan tanda kutip, lalu kirim lagi baris ini beserta semua "
        "yang tercakup.",
        hint_en="Check the separators and quotation marks, and send the line again with all "
        "that it took in.",
    ),
    Code(
        "E_DOCUMENT_MISSING",
        "rejected",
        id="Nomor dokumen kosong.",
        en="The document has no number.",
        hint_id="Isi nomor faktur atau nota kredit.",
        hint_en="Fill in the number of the invoice or credit note.",
    ),
    Code(
        "E_TOO_LONG",
        "rejected",
        id="Salah satu kode di baris ini lebih panjang dari 100 karakter.",
        en="A code in this line has more than 100 characters.",
        hint_id="Periksa tanda pemisah dan tanda kutip, atau apakah kolomnya tertukar.",
        hint_en="Check separators and quotation marks, and that no column has changed places.",
    ),
    Code(
        "E_SPOILT",
        "rejected",
        id="Sebuah kode atau teks di baris ini dirusak oleh lembar kerja: menjadi bilangan "
        "seperti 4,12401E+43, tanggal, atau kesalahan rumus seperti #N/A.",
        en="A spreadsheet has spoilt a code or text in this line: into a number such as "
        "4.12401E+43, a date, or the error of a formula such as #N/A.",
        hint_id="Jadikan kolom itu teks sebelum mengisinya, perbaiki rumusnya, lalu kirim lagi "
        "kode yang asli.",
        hint_en="Make the column text before filling it, mend the formula, and send the code as "
        "it was.",
    ),
    Code(
        "E_DATE",
        "rejected",
        id="Tanggal kosong, tidak dapat dibaca, atau di masa depan.",
        en="The date is missing, cannot be read, or lies in the future.",
        hint_id="Tulis tanggal dalam bentuk yang disepakati.",
        hint_en="Write the date in the form agreed.",
    ),
    Code(
        "E_TOO_OLD",
        "rejected",
        id="Penjualan ini terlalu lama: batas waktu pengirimannya sudah lewat ketika berkas "
        "kami terima.",
        en="The sale is too old: when we received the file, the time to send it had run out.",
        hint_id="Periksa tahun pada tanggalnya. Jika benar, hubungi kami; jangan ubah tanggalnya.",
        hint_en="Check the year of its date. If it is right, write to us; do not change the date.",
        again="if_wrong",
    ),
    Code(
        "E_ACTION",
        "rejected",
        id="Kolom koreksi berisi kata yang tidak disepakati.",
        en="The action of the line is a word that was not agreed.",
        hint_id="Tulis kata yang disepakati untuk mengganti atau membatalkan baris; kosongkan "
        "untuk baris biasa.",
        hint_en="Write the word agreed for replacing or voiding a line; leave it empty in an "
        "ordinary line.",
    ),
    Code(
        "E_VERSION",
        "rejected",
        id="Versi baris bukan bilangan bulat mulai dari 1, atau koreksi tidak bernomor versi 2 "
        "atau lebih.",
        en="The version is not a whole number from 1 on, or a correction has none of 2 or more.",
        hint_id="Baris pertama adalah versi 1; setiap koreksi diberi nomor versi yang lebih "
        "tinggi dari sebelumnya.",
        hint_en="The first line is version 1; give each correction a higher version than the one "
        "before.",
    ),
    Code(
        "E_QUANTITY",
        "rejected",
        id="Kuantitas bukan angka dalam bentuk yang disepakati, dengan paling banyak "
        "4 desimal dan di bawah satu miliar.",
        en="The quantity is not a number in the form agreed, with at most 4 decimals "
        "and below 1,000,000,000.",
        hint_id="Tulis angka tanpa satuan, dengan tanda desimal dan ribuan yang disepakati.",
        hint_en="Write a number without a unit, with the decimal and thousands marks agreed.",
    ),
    Code(
        "E_AMOUNT",
        "rejected",
        id="Nilai bukan angka dalam bentuk yang disepakati.",
        en="The amount is not a number in the form agreed.",
        hint_id="Tulis angka tanpa mata uang, dengan tanda desimal dan ribuan yang disepakati.",
        hint_en="Write a number without a currency, with the decimal and thousands marks agreed.",
    ),
    Code(
        "E_AMOUNT_TOO_FINE",
        "rejected",
        id="Nilai baris lebih halus dari sepersepuluh ribu satuan mata uang.",
        en="The line's amount is finer than a ten-thousandth of the currency's unit.",
        hint_id="Bulatkan nilai baris menjadi paling banyak 4 desimal.",
        hint_en="Round the line's amount to at most 4 decimals.",
    ),
    Code(
        "E_AMOUNT_RANGE",
        "rejected",
        id="Nilai baris mencapai satu triliun satuan mata uang atau lebih.",
        en="The line's amount is a million million of the currency's unit or more.",
        hint_id="Periksa apakah tanda desimal hilang.",
        hint_en="Check whether a decimal mark was lost.",
    ),
    Code(
        "E_SIGN",
        "rejected",
        id="Kuantitas dan nilai bertentangan: yang satu negatif dan yang lain tidak, "
        "atau nilai tanpa kuantitas.",
        en="Quantity and amount contradict each other: one is negative and the other is not, "
        "or there is an amount without a quantity.",
        hint_id="Pada retur keduanya negatif; harga satuan tidak pernah negatif.",
        hint_en="On a return both are negative; a unit price never is.",
    ),
    Code(
        "E_ADVOCATE_MISSING",
        "rejected",
        id="Nomor anggota kosong.",
        en="The advocate has no number.",
        hint_id="Isi nomor pada kartu anggota, lalu kirim lagi baris ini.",
        hint_en="Fill in the number on the member card, and send the line again.",
    ),
    Code(
        "E_ADVOCATE_UNKNOWN",
        "held",
        id="Nomor anggota tidak terdaftar.",
        en="The advocate is not enrolled.",
        hint_id="Periksa nomor kartu. Jika benar, daftarkan anggota itu: setelah itu baris ini "
        "diproses dengan sendirinya, tanpa dikirim lagi.",
        hint_en="Check the number on the card. If it is right, have the advocate enrolled: the "
        "line is then taken up by itself and need not be sent again.",
        again="if_wrong",
        waits_id="pendaftaran anggota ini",
        waits_en="the advocate to be enrolled",
    ),
    Code(
        "E_OUTLET_MISSING",
        "rejected",
        id="Kode toko kosong.",
        en="The outlet has no code.",
        hint_id="Isi kode toko, lalu kirim lagi baris ini.",
        hint_en="Fill in the outlet's code, and send the line again.",
    ),
    Code(
        "E_OUTLET_UNKNOWN",
        "held",
        id="Kode toko tidak terdaftar.",
        en="The outlet is not enrolled.",
        hint_id="Periksa kode toko. Jika benar, daftarkan toko itu: setelah itu baris ini diproses "
        "dengan sendirinya, tanpa dikirim lagi.",
        hint_en="Check the code. If it is right, have the outlet enrolled: the line is then taken "
        "up by itself and need not be sent again.",
        again="if_wrong",
        waits_id="pendaftaran toko ini",
        waits_en="the outlet to be enrolled",
    ),
    Code(
        "E_SKU_MISSING",
        "rejected",
        id="Kode barang kosong.",
        en="The product has no code.",
        hint_id="Isi kode barang, lalu kirim lagi baris ini.",
        hint_en="Fill in the product's code, and send the line again.",
    ),
    Code(
        "E_SKU_UNKNOWN",
        "rejected",
        id="Kode barang tidak ada dalam daftar produk program ini.",
        en="The product is not in the programme's list.",
        hint_id="Periksa kode barang. Produk di luar program tidak mendapat poin.",
        hint_en="Check the code. Products outside the programme earn nothing.",
        again="if_wrong",
    ),
    Code(
        "E_NOT_A_PRODUCT",
        "rejected",
        id="Kode ini bukan produk, melainkan ongkos atau penyesuaian.",
        en="This code is no product, but a fee or an adjustment.",
        hint_id="Tidak perlu tindakan.",
        hint_en="Nothing to do.",
        again="no",
    ),
    Code(
        "E_MISSING",
        "rejected",
        id="Kolom ini wajib diisi, tetapi kosong.",
        en="This column must be filled, and it is empty.",
        hint_id="Isi kolom itu, lalu kirim lagi baris ini.",
        hint_en="Fill it in, and send the line again.",
    ),
    Code(
        "E_TEXT",
        "rejected",
        id="Isi kolom ini memuat karakter yang tidak terlihat.",
        en="This cell holds characters that cannot be seen.",
        hint_id="Hapus ganti baris, tab dan karakter kendali di dalamnya, lalu kirim lagi.",
        hint_en="Take line ends, tabs and control characters out of it, and send the line again.",
    ),
    Code(
        "E_WORD",
        "rejected",
        id="Kolom ini berisi kata yang tidak disepakati.",
        en="This cell holds a word that was not agreed.",
        hint_id="Tulis salah satu kata yang disepakati, lalu kirim lagi.",
        hint_en="Write one of the words agreed, and send the line again.",
    ),
    Code(
        "E_EMAIL",
        "rejected",
        id="Ini bukan alamat surel.",
        en="This is no e-mail address.",
        hint_id="Tulis satu alamat, seperti nama@contoh.id, lalu kirim lagi.",
        hint_en="Write one address, as name@example.org, and send the line again.",
    ),
    Code(
        "E_PHONE",
        "rejected",
        id="Ini bukan nomor telepon.",
        en="This is no telephone number.",
        hint_id="Tulis 8 sampai 15 angka, boleh diawali +, lalu kirim lagi. Jika lembar kerja "
        "mengubahnya, simpan kolom itu sebagai teks.",
        hint_en="Write 8 to 15 digits, with a + before them or without, and send the line again. "
        "If a spreadsheet has changed it, keep that column as text.",
    ),
    Code(
        "E_JOIN_INCOMPLETE",
        "rejected",
        id="Pendaftaran ini tidak lengkap: kolom ini kosong.",
        en="The enrolment is not complete: this column is empty.",
        hint_id="Isi kolom itu, lalu kirim lagi baris ini.",
        hint_en="Fill it in, and send the line again.",
    ),
    Code(
        "E_CONSENT",
        "rejected",
        id="Persetujuan tidak lengkap: tanggal, versi naskah, atau rujukan buktinya kosong.",
        en="The consent is not complete: its day, its wording or the reference of its proof is "
        "empty.",
        hint_id="Tanpa persetujuan tidak ada yang didaftarkan. Isi ketiganya, lalu kirim lagi.",
        hint_en="Nobody is enrolled without consent. Fill in all three, and send the line again.",
    ),
    Code(
        "E_CONSENT_AFTER",
        "rejected",
        id="Persetujuan ini diberikan setelah hari keikutsertaan.",
        en="The consent was given after the day of joining.",
        hint_id="Tulis hari ikut serta yang sama dengan atau setelah hari persetujuan.",
        hint_en="Let the day of joining be the day of consent or a later one.",
    ),
    Code(
        "E_INSTANT",
        "rejected",
        id="Saat ini tidak dapat dibaca, atau di masa depan.",
        en="This instant cannot be read, or lies in the future.",
        hint_id="Tulis tanggal, jam dan zona waktu, seperti 2026-03-01T09:30:00+07:00.",
        hint_en="Write the day, the time and its zone, as 2026-03-01T09:30:00+07:00.",
    ),
    Code(
        "E_REWARD_UNKNOWN",
        "rejected",
        id="Hadiah ini tidak ada dalam katalog.",
        en="The catalogue has no such reward.",
        hint_id="Pakai kode hadiah dari katalog, lalu kirim lagi.",
        hint_en="Use the reward's code as the catalogue has it, and send the line again.",
    ),
    Code(
        "E_REQUEST_TWICE",
        "rejected",
        id="Nomor permintaan ini sudah dipakai untuk permintaan lain.",
        en="Another request has come under this number before.",
        hint_id="Beri permintaan ini nomornya sendiri, lalu kirim lagi.",
        hint_en="Give this request a number of its own, and send the line again.",
    ),
    Code(
        "E_MONEY",
        "rejected",
        id="Ini bukan jumlah uang dalam bentuk yang disepakati.",
        en="This is no amount of money in the form agreed.",
        hint_id="Tulis angka tanpa mata uang, dengan tanda desimal dan ribuan yang disepakati.",
        hint_en="Write a number without a currency, with the decimal and thousands marks agreed.",
    ),
    Code(
        "E_MONEY_RANGE",
        "rejected",
        id="Jumlah ini tidak dapat dibayarkan: nol, negatif, terlalu besar, atau lebih halus dari "
        "satuan terkecil mata uang.",
        en="This amount cannot be paid: it is zero, negative, too large, or finer than the "
        "smallest unit of the currency.",
        hint_id="Periksa tanda desimalnya, lalu kirim lagi.",
        hint_en="Check its decimal mark, and send the line again.",
    ),
    Code(
        "E_VOUCHER_CODE",
        "rejected",
        id="Kode voucher ini salah ketik.",
        en="The voucher's code is mistyped.",
        hint_id="Bandingkan dengan vouchernya, lalu kirim lagi. Kode tidak diulangi di sini.",
        hint_en="Compare it with the voucher, and send it again. Codes are not repeated here.",
    ),
    Code(
        "E_VOUCHER_UNKNOWN",
        "rejected",
        id="Kode ini bukan voucher yang kami kirim kepada Anda.",
        en="No voucher that we sent you has this code.",
        hint_id="Periksa kodenya dalam berkas voucher Anda, lalu kirim lagi.",
        hint_en="Look for it in your voucher files, and send the line again.",
    ),
    Code(
        "E_REASON",
        "rejected",
        id="Voucher ditolak tanpa alasan.",
        en="The voucher was rejected without a reason.",
        hint_id="Isi alasannya, lalu kirim lagi: poinnya kembali kepada advokat.",
        hint_en="Write the reason, and send the line again: the points go back to the advocate.",
    ),
    Code(
        "E_POINTS",
        "rejected",
        id="Ini bukan jumlah poin.",
        en="This is no number of points.",
        hint_id="Tulis bilangan bulat, bukan nol, paling banyak satu miliar; utang poin negatif.",
        hint_en="Write a whole number, not zero, of at most 1,000,000,000; points owed are "
        "negative.",
    ),
    Code(
        "E_OPENING_EXPIRED",
        "rejected",
        id="Poin ini kedaluwarsa sebelum diperoleh.",
        en="These points expire before they were earned.",
        hint_id="Periksa kedua tanggalnya, lalu kirim lagi.",
        hint_en="Check both days, and send the line again.",
    ),
    Code(
        "E_WITH_OTHERS",
        "rejected",
        id="Baris ini benar, tetapi baris lain dalam berkas ini tidak, dan berkas semacam ini "
        "diterima seluruhnya atau tidak sama sekali.",
        en="This line is right, but another one of the file is not, and such a file is taken "
        "whole or not at all.",
        hint_id="Perbaiki baris yang lain itu, lalu kirim lagi seluruh berkasnya.",
        hint_en="Correct that other line, and send the whole file again.",
    ),
    Code(
        "E_TWICE",
        "rejected",
        id="Baris lain dalam berkas ini menyatakan hal lain tentang nomor yang sama.",
        en="Another line of this file says something else of the same number.",
        hint_id="Kirim satu baris saja untuk nomor itu: yang benar.",
        hint_en="Send one line for it alone: the right one.",
    ),
    Code(
        "E_ACTIVITY_TWICE",
        "rejected",
        id="Nomor kegiatan ini sudah dipakai untuk kegiatan lain.",
        en="Another activity has come under this number before.",
        hint_id="Beri kegiatan ini nomornya sendiri, lalu kirim lagi.",
        hint_en="Give this activity a number of its own, and send the line again.",
    ),
    Code(
        "E_REFERRAL",
        "rejected",
        id="Referensi tidak menyebut advokat lain yang diajak.",
        en="The referral does not name another advocate who was won.",
        hint_id="Isi nomor advokat yang diajak, bukan nomor yang mengajak.",
        hint_en="Fill in the number of who was won, not of who won them.",
    ),
    Code(
        "E_NO_REFERRAL",
        "rejected",
        id="Advokat yang diajak disebut, tetapi kegiatan ini bukan referensi.",
        en="Somebody who was won is named, but this activity is no referral.",
        hint_id="Perbaiki jenis kegiatannya, atau kosongkan kolom ini.",
        hint_en="Correct what was done, or leave this cell empty.",
    ),
    Code(
        "E_NOT_ENROLLED",
        "rejected",
        id="Nomor atau kode ini tidak terdaftar.",
        en="Nobody is enrolled under this number or code.",
        hint_id="Periksa nomornya. Jika benar, daftarkan lebih dahulu, lalu kirim lagi baris ini.",
        hint_en="Check it. If it is right, have it enrolled first, then send the line again.",
    ),
    Code(
        "E_ENROLLED_ELSEWHERE",
        "rejected",
        id="Nomor atau kode ini didaftarkan pihak lain, sehingga tidak dapat Anda ubah.",
        en="This number or code was enrolled by somebody else, so it is not yours to change.",
        hint_id="Periksa nomornya. Jika benar, hubungi kami.",
        hint_en="Check it. If it is right, write to us.",
    ),
    Code(
        "E_ADVOCATE_LEFT",
        "rejected",
        id="Advokat ini sudah keluar dari program sebelum atau pada tanggal itu.",
        en="The advocate had left the programme by that day.",
        hint_id="Periksa nomor kartu dan tanggalnya. Jika benar, tidak perlu tindakan: sejak "
        "keluar tidak ada yang dihitung baginya.",
        hint_en="Check the number on the card and the date. If they are right, there is nothing "
        "to do: from that day on nothing counts for them.",
    ),
    Code(
        "E_UNIT",
        "held",
        id="Poin produk ini dihitung per satuan lain, dan isi satuan pada baris ini belum kami "
        "ketahui.",
        en="This product's points go by another unit of measure, and we do not know yet how much "
        "of it this line's unit holds.",
        hint_id="Periksa satuannya. Jika benar, beri tahu kami isinya: setelah itu baris ini "
        "diproses dengan sendirinya, tanpa dikirim lagi.",
        hint_en="Check the unit. If it is right, tell us how much it holds: the line is then taken "
        "up by itself and need not be sent again.",
        again="if_wrong",
        waits_id="isi satuan ini dalam daftar kami",
        waits_en="what the unit holds, in our list",
    ),
    Code(
        "E_TAX",
        "held",
        id="Tarif PPN untuk tanggal ini belum kami ketahui, sehingga nilai baris belum dapat "
        "dihitung.",
        en="We know no rate of VAT for this day, so the line's amount cannot be worked out yet.",
        hint_id="Periksa tanggalnya. Jika benar, hubungi kami: setelah tarifnya kami ketahui, "
        "baris ini diproses dengan sendirinya, tanpa dikirim lagi.",
        hint_en="Check the date. If it is right, write to us: once we know the rate, the line is "
        "taken up by itself and need not be sent again.",
        again="if_wrong",
        waits_id="tarif PPN untuk tanggal ini dalam daftar kami",
        waits_en="the rate of VAT for its day, in our list",
    ),
    Code(
        "RETURN_UNMATCHED",
        "held",
        id="Penjualan yang diretur belum ditemukan.",
        en="The sale that this return takes back was not found yet.",
        hint_id="Periksa nomor faktur penjualan asalnya, nomor anggota dan kode barang. Jika "
        "penjualan itu baru dikirim kemudian, tidak perlu tindakan: baris ini menunggunya.",
        hint_en="Check the invoice of the sale, the member number and the product. If that sale "
        "is sent only later, there is nothing to do: this line waits for it.",
        again="if_wrong",
        waits_id="penjualan yang diretur",
        waits_en="the sale that it takes back",
    ),
    Code(
        "E_NOTHING_TO_CORRECT",
        "held",
        id="Baris yang dikoreksi belum pernah kami terima.",
        en="We never received the line that this one corrects.",
        hint_id="Periksa nomor dan tanggal dokumen serta nomor barisnya. Kirim baris aslinya "
        "lebih dahulu, lalu kirim lagi koreksi ini.",
        hint_en="Check the document's number and date, and the line's number. Send the original "
        "line first, then this correction again.",
        again="yes",
        waits_id="baris yang dikoreksi, lalu koreksi ini sekali lagi",
        waits_en="the line that it corrects, then this one again",
    ),
    Code(
        "E_BELOW_RETURNS",
        "held",
        id="Koreksi ini menyisakan kuantitas yang lebih kecil dari yang sudah diretur.",
        en="The correction leaves less than what has been returned of this line already.",
        hint_id="Koreksi dahulu baris retur, lalu kirim lagi baris ini.",
        hint_en="Correct the return first, then send this line again.",
        again="yes",
        waits_id="koreksi baris retur, lalu koreksi ini sekali lagi",
        waits_en="a correction of the return, then this one again",
    ),
    Code(
        "E_DOUBLE_CLAIM",
        "held",
        id="Penjualan ini diklaim atas nama lebih dari satu advokat, dan pembagian poin di antara "
        "mereka tidak disepakati.",
        en="This sale is claimed for more than one advocate, and no split between them was agreed.",
        hint_id="Satu penjualan dihitung satu kali. Kirim lagi baris ini dengan advokat yang "
        "benar saja; jika baris itu sudah pernah kami terima, kirim sebagai koreksi dengan nomor "
        "versi yang lebih tinggi, bila disepakati. Jika poinnya memang dibagi, beri tahu kami "
        "bagiannya.",
        hint_en="A sale counts once. Send the line again with the right advocate alone; if we "
        "have that line already, as a correction with a higher version, where that was agreed. "
        "If its points are to be shared, tell us how.",
        again="yes",
        waits_id="kepastian dari Anda, penjualan ini milik siapa",
        waits_en="your word on whose sale it is",
    ),
    Code(
        "E_CONFLICT",
        "held",
        id="Baris dokumen ini sudah ada dengan isi yang lain.",
        en="This line of the document has come with other contents.",
        hint_id="Jika baris ini yang benar, kirim sebagai koreksi dengan nomor versi yang lebih "
        "tinggi, bila disepakati; jika tidak, beri tahu kami baris mana yang benar.",
        hint_en="If this one is right, send it as a correction with a higher version, where that "
        "was agreed; otherwise tell us which of them is right.",
        again="yes",
        waits_id="kepastian dari Anda, baris mana yang benar",
        waits_en="your word on which line is right",
    ),
    Code(
        "E_OUTLIER",
        "held",
        id="Nilai atau kuantitas dokumen ini jauh lebih besar daripada biasanya, dibandingkan "
        "dengan dokumen-dokumen sebelumnya dari anggota, toko atau barang yang sama.",
        en="The document is far larger than usual, by the earlier documents of the same advocate, "
        "outlet or product.",
        hint_id="Baris ini menunggu pemeriksaan oleh petugas kami; jangan kirim lagi. Jika salah, "
        "kirim koreksinya atau hubungi kami.",
        hint_en="The line waits for a person of ours to look at it; do not send it again. If it is "
        "wrong, send a correction or write to us.",
    ),
    Code(
        "E_CLOSED_DAY",
        "held",
        id="Tanggal penjualan ini adalah hari tutup menurut perjanjian.",
        en="The sale is dated on a day on which, as agreed, all are closed.",
        hint_id="Baris ini menunggu pemeriksaan oleh petugas kami; jangan kirim lagi. Jika "
        "tanggalnya salah, hubungi kami.",
        hint_en="The line waits for a person of ours to look at it; do not send it again. If the "
        "date is wrong, write to us.",
    ),
    Code(
        "E_DOCUMENT_TWICE",
        "held",
        id="Nomor dokumen ini dipakai untuk lebih dari satu toko.",
        en="The document's number is used for more than one outlet.",
        hint_id="Baris ini menunggu pemeriksaan oleh petugas kami; jangan kirim lagi. Jika kode "
        "tokonya salah, hubungi kami.",
        hint_en="The line waits for a person of ours to look at it; do not send it again. If the "
        "outlet's code is wrong, write to us.",
    ),
    Code(
        "E_QUARTER_END",
        "held",
        id="Penjualan pada hari ini, di akhir kuartal, jauh lebih besar daripada rata-rata harian "
        "Anda.",
        en="The sales of this day, at the end of a quarter, are far above your own mean of a day.",
        hint_id="Baris ini menunggu pemeriksaan oleh petugas kami; jangan kirim lagi.",
        hint_en="The line waits for a person of ours to look at it; do not send it again.",
    ),
    Code(
        "E_NOT_CREDIBLE",
        "rejected",
        id="Petugas kami telah memeriksa baris ini dan tidak menerimanya.",
        en="A person of ours has looked at this line and does not accept it.",
        hint_id="Jika menurut Anda baris ini benar, hubungi kami; jangan kirim lagi.",
        hint_en="If you think that it is right, write to us; do not send it again.",
        again="no",
    ),
    Code(
        "DUPLICATE",
        "duplicate",
        id="Baris yang sama sudah kami terima; baris ini tidak berpengaruh.",
        en="We have this very line already; it has no effect.",
        hint_id="Tidak perlu tindakan.",
        hint_en="Nothing to do.",
    ),
    Code(
        "TAKEN_UP",
        "accepted",
        id="Baris ini sebelumnya ditahan; penyebabnya sudah tidak ada dan baris ini sekarang "
        "dihitung.",
        en="The line was held before; its cause is gone, and the line counts now.",
        hint_id="Tidak perlu tindakan; jangan kirim lagi baris ini.",
        hint_en="Nothing to do; do not send the line again.",
    ),
    Code(
        "WITHDRAWN",
        "accepted",
        id="Baris ini ada dalam berkas sebelumnya dengan nama yang sama dan tidak ada lagi dalam "
        "berkas ini; baris ini tidak dihitung lagi.",
        en="An earlier file of the same name has this line, and this file does not have it any "
        "more; the line does not count any more.",
        hint_id="Tidak perlu tindakan. Jika baris ini tetap benar, kirim lagi berkas yang "
        "memuatnya.",
        hint_en="Nothing to do. If the line is right after all, send the file again with it.",
    ),
)

CODES = {code.code: code for code in _ALL}

# A line held for nothing else is taken up by itself once their cause is gone.
WAITS_FOR_US = frozenset(("E_ADVOCATE_UNKNOWN", "E_OUTLET_UNKNOWN", "E_UNIT", "E_TAX"))

# One held for these, too, once a person has released it.
WAITS_FOR_A_PERSON = frozenset(("E_OUTLIER", "E_CLOSED_DAY", "E_DOCUMENT_TWICE", "E_QUARTER_END"))


def as_tables(language: Literal["id", "en"]) -> str:
    """The codes as Markdown, for the distributor's guide."""
    says, hint, again, waits, titles = _HEADS[language]
    parts = []
    for severity, title in titles.items():
        codes = [code for code in _ALL if code.severity == severity]
        heads = [_CODE_HEADS[language], says, hint, again, *([waits] if severity == "held" else [])]
        rows = [
            [
                f"`{code.code}`",
                code.says(language),
                code.hint(language),
                AGAIN[language][code.sent_again],
                *([code.waits_for(language)] if severity == "held" else []),
            ]
            for code in codes
        ]
        table = [heads, ["---"] * len(heads), *rows]
        lines = [f"| {' | '.join(cells)} |".replace(" --- ", "---") for cells in table]
        parts.append("\n".join([f"**{title}**", "", *lines]))
    return "\n\n".join(parts)


AGAIN: dict[str, dict[Again, str]] = {
    "id": {"yes": "ya", "if_wrong": "hanya jika salah", "no": "tidak"},
    "en": {"yes": "yes", "if_wrong": "only if it is wrong", "no": "no"},
}

_OF_SEVERITY_ID = {
    "file": "Seluruh berkas ditolak",
    "rejected": "Baris ditolak: perbaiki dan kirim lagi",
    "held": "Baris ditahan: menunggu sesuatu",
    "duplicate": "Baris ganda: tidak berpengaruh",
    "accepted": "Baris yang ditahan atau hilang dari berkas: yang terjadi kemudian",
}
_OF_SEVERITY_EN = {
    "file": "The whole file is refused",
    "rejected": "The line is rejected: correct it and send it again",
    "held": "The line is held: it waits for something",
    "duplicate": "The line is a duplicate: it has no effect",
    "accepted": "The line was held, or is missing from the file: what came of it",
}
_CODE_HEADS = {"id": "Kode", "en": "Code"}
_HEADS = {
    "id": ("Artinya", "Yang perlu dilakukan", "Kirim lagi", "Menunggu", _OF_SEVERITY_ID),
    "en": ("What it means", "What to do", "Send again", "Waits for", _OF_SEVERITY_EN),
}
