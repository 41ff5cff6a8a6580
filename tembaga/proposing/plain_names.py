"""Plain names: what the columns of plain feeds, and the words in them, are called in files."""

from tembaga.proposing.names import NAMES

_ADVOCATE = NAMES["advocate"]
_OUTLET = NAMES["outlet"]
_CODE = (
    "code", "voucher code", "voucher", "voucher no", "voucher number", "kode voucher",
    "nomor voucher", "no voucher",
)  # fmt: skip

# By feed and column, the names as they stand in files, without case and signs.
PLAIN_NAMES: dict[str, dict[str, tuple[str, ...]]] = {
    "outlets": {
        "outlet": _OUTLET,
        "name": (
            "name", "outlet name", "shop name", "store name", "workshop name", "customer name",
            "nama", "nama outlet", "nama toko", "nama bengkel", "nama pelanggan",
        ),
        "address": ("address", "street", "street address", "alamat", "jalan", "alamat lengkap"),
        "city": ("city", "town", "kota", "kabupaten", "kota kabupaten", "kab kota"),
        "province": ("province", "state", "region", "provinsi", "propinsi"),
    },
    "advocates": {
        "advocate": _ADVOCATE,
        "action": (
            "action", "status", "change", "aksi", "tindakan", "perubahan", "jenis perubahan",
            "keterangan status",
        ),
        "action_on": (
            "from", "since", "date", "action date", "effective", "effective date", "valid from",
            "sejak", "mulai", "berlaku", "tanggal", "tgl", "tanggal berlaku", "berlaku sejak",
        ),
        "name": (
            "name", "full name", "mechanic name", "member name", "nama", "nama lengkap",
            "nama mekanik", "nama anggota", "nama advokat",
        ),
        "email": ("email", "e mail", "mail", "email address", "surel", "alamat email"),
        "phone": (
            "phone", "phone number", "phone no", "mobile", "mobile number", "telephone", "whatsapp",
            "telepon", "telp", "no telepon", "no telp", "no hp", "nomor hp", "hp", "handphone",
        ),
        "outlet": _OUTLET,
        "language": ("language", "bahasa"),
        "consent_on": (
            "consent date", "consent on", "consented on", "date of consent", "tanggal persetujuan",
            "tgl persetujuan", "tanggal setuju", "tgl setuju",
        ),
        "consent_wording": (
            "consent", "consent wording", "consent version", "wording", "persetujuan",
            "versi persetujuan", "naskah persetujuan",
        ),
        "consent_proof": (
            "consent proof", "proof", "proof of consent", "form", "form no", "bukti",
            "bukti persetujuan", "formulir", "no formulir",
        ),
    },
    "requests": {
        "request_id": (
            "request", "request id", "request no", "request number", "redemption", "redemption no",
            "no permintaan", "nomor permintaan", "id permintaan", "no penukaran",
            "nomor penukaran",
        ),
        "advocate": _ADVOCATE,
        "reward": (
            "reward", "reward code", "reward id", "gift", "gift code", "hadiah", "kode hadiah",
            "id hadiah",
        ),
        "requested_at": (
            "requested at", "requested", "request time", "request date", "time", "timestamp",
            "diminta pada", "diminta", "waktu", "waktu permintaan", "tanggal permintaan",
        ),
    },
    "claims": {
        "code": _CODE,
        "used_on": (
            "used on", "date used", "date of use", "use date", "redeemed on", "date",
            "tanggal pakai", "tgl pakai", "tanggal dipakai", "dipakai pada", "tanggal", "tgl",
        ),
        "amount": (
            "amount", "value", "claim", "claim amount", "claimed amount", "face value", "nilai",
            "jumlah", "nilai klaim", "nominal", "klaim",
        ),
    },
    "voucher_status": {
        "code": _CODE,
        "status": ("status", "voucher status", "state", "status voucher"),
        "status_on": (
            "status on", "status date", "date", "tanggal", "tgl", "tanggal status", "tgl status",
        ),
        "reason": ("reason", "cause", "remark", "note", "alasan", "sebab", "keterangan", "catatan"),
    },
    "products": {
        "product": (
            "product", "product code", "local code", "our code", "item code", "item", "item no",
            "distributor code", "kode barang", "kode barang kami", "kode lokal", "kode internal",
            "kode item",
        ),
        "sku": (
            "sku", "principal code", "principal sku", "programme code", "kode sku",
            "kode principal", "kode prinsipal", "kode program", "kode pabrik", "kode produk",
        ),
        "valid_from": (
            "valid from", "from", "since", "effective date", "berlaku sejak", "berlaku mulai",
            "berlaku", "mulai", "sejak", "tanggal berlaku", "tgl berlaku",
        ),
    },
    "opening_balances": {
        "advocate": _ADVOCATE,
        "points": (
            "points", "balance", "point balance", "opening balance", "poin", "saldo", "saldo poin",
            "saldo awal", "jumlah poin",
        ),
        "earned_on": (
            "earned on", "earned", "date earned", "date", "diperoleh", "tanggal diperoleh",
            "tanggal perolehan", "tgl perolehan", "tanggal", "tgl",
        ),
        "expires_on": (
            "expires on", "expires", "expiry", "expiry date", "valid until", "kedaluwarsa",
            "kadaluarsa", "tanggal kedaluwarsa", "berlaku sampai", "berlaku hingga",
        ),
    },
    "activities": {
        "activity_id": (
            "activity id", "activity no", "activity number", "no kegiatan", "nomor kegiatan",
            "id kegiatan", "no aktivitas", "nomor aktivitas",
        ),
        "advocate": _ADVOCATE,
        "activity": (
            "activity", "activity type", "kegiatan", "jenis kegiatan", "aktivitas",
            "jenis aktivitas",
        ),
        "done_on": (
            "done on", "date", "activity date", "date done", "tanggal", "tgl",
            "tanggal kegiatan", "tgl kegiatan",
        ),
        "outlet": _OUTLET,
        "referred_advocate": (
            "referred", "referred member", "referred mechanic", "referred advocate", "referee",
            "diajak", "anggota diajak", "mekanik diajak", "anggota baru", "mekanik baru",
        ),
        "proof": ("proof", "reference", "evidence", "bukti", "rujukan", "rujukan bukti"),
    },
}  # fmt: skip

# By our word, the words of others for it.
WORDS: dict[str, tuple[str, ...]] = {
    "join": ("join", "joins", "joined", "new", "enrol", "enroll", "baru", "masuk", "daftar"),
    "change": ("change", "changed", "update", "updated", "edit", "ubah", "berubah", "perubahan"),
    "leave": ("leave", "left", "out", "resigned", "inactive", "keluar", "berhenti", "nonaktif"),
    "id": ("id", "indonesia", "indonesian", "bahasa indonesia"),
    "en": ("en", "english", "inggris", "bahasa inggris"),
    "fulfilled": ("fulfilled", "delivered", "sent", "terkirim", "dikirim", "terpenuhi", "selesai"),
    "rejected": ("rejected", "refused", "cancelled", "ditolak", "tolak", "batal", "dibatalkan"),
    "planogram_photo": (
        "planogram photo",
        "planogram",
        "photo",
        "display photo",
        "foto planogram",
        "foto",
        "foto pajangan",
    ),
    "training": ("training", "course", "pelatihan", "latihan"),
    "referral": ("referral", "refer", "referensi", "ajakan", "rekomendasi"),
    "used": ("used", "redeemed", "dipakai", "terpakai", "digunakan"),
}
