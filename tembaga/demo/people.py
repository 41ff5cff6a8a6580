"""Workshops and mechanics of the demo programme. The places are real, the names are not."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

MECHANICS_A_WORKSHOP = 3
NOT_ENROLLED = frozenset({"RJ-0026", "RJ-0071", "RJ-0117"})  # They sell, but never signed up.

# City, province, distributor, street, and the workshops there.
_PLACES: tuple[tuple[str, str, str, str, tuple[str, ...]], ...] = (
    ("Jakarta Timur", "DKI Jakarta", "banyumili", "Jl. Kayu Rimba",
     ("Bengkel Roda Kencana", "Gir Sakti Motor", "Bengkel Maju & Lancar")),
    ("Jakarta Barat", "DKI Jakarta", "banyumili", "Jl. Kebun Melati",
     ("Busi Emas Motor", "Bengkel Rantai Jaya")),
    ("Bandung", "Jawa Barat", "banyumili", "Jl. Gunung Lawas",
     ("Bengkel Tujuh Piston", "Karbu Juara", "Bengkel Putra Parahyangan")),
    ("Bekasi", "Jawa Barat", "banyumili", "Jl. Raya Kranji Lama",
     ("Bengkel Tiga Saudara", "Laju Rimba Motor")),
    ("Bogor", "Jawa Barat", "banyumili", "Jl. Hujan Pagi", ("Bengkel Gerimis",)),
    ("Tangerang", "Banten", "banyumili", "Jl. Sungai Tua",
     ("Bengkel Cisadane Jaya", "Kopling Mas")),
    ("Serang", "Banten", "banyumili", "Jl. Benteng Baru", ("Bengkel Surosowan Motor",)),
    ("Semarang", "Jawa Tengah", "tapakrimba", "Jl. Bukit Angin",
     ("Bengkel Lawang Motor", "Kampas Kuat", "Bengkel Pak Yoyok")),
    ("Surakarta", "Jawa Tengah", "tapakrimba", "Jl. Batik Kawung",
     ("Bengkel Laras Mesin", "Joglo Motor")),
    ("Yogyakarta", "DI Yogyakarta", "tapakrimba", "Jl. Tugu Lama",
     ("Bengkel Ngabean Baru", "Onderdil Mataram")),
    ("Surabaya", "Jawa Timur", "tapakrimba", "Jl. Ikan Layur",
     ("Bengkel Arek Mesin", "Cak Dul Motor", "Bengkel Suro & Boyo")),
    ("Malang", "Jawa Timur", "tapakrimba", "Jl. Apel Hijau",
     ("Bengkel Singo Motor", "Arjuno Servis")),
    ("Denpasar", "Bali", "tapakrimba", "Jl. Kamboja Putih",
     ("Bengkel Bajra Motor", "Café Motor Sanur")),
    ("Medan", "Sumatera Utara", "sagarabumi", "Jl. Tembakau Deli",
     ("Bengkel Horas Motor", "Ucok Mesin", "Bengkel Deli Raya")),
    ("Pekanbaru", "Riau", "sagarabumi", "Jl. Sungai Siak",
     ("Bengkel Lancang Kuning Motor", "Siak Servis")),
    ("Palembang", "Sumatera Selatan", "sagarabumi", "Jl. Songket",
     ("Bengkel Musi Motor", "Wong Kito Servis")),
    ("Banjarmasin", "Kalimantan Selatan", "sagarabumi", "Jl. Pasar Terapung",
     ("Bengkel Barito Motor", "Jukung Mesin")),
    ("Makassar", "Sulawesi Selatan", "sagarabumi", "Jl. Perahu Pinisi",
     ("Bengkel Losari Motor", "Pinisi Servis", "Bengkel Daeng Tata")),
)  # fmt: skip

_FIRST = (
    "Agus", "Bambang", "Cahyo", "Dedi", "Eko", "Fajar", "Gunawan", "Hendra", "Indra", "Joko",
    "Kurnia", "Lukman", "Ma'ruf", "Nanang", "Oki", "Purnomo", "Rahmat", "Slamet", "Teguh",
    "Untung", "Wahyu", "Yanto", "Zulkifli", "Asep", "Budi", "Darmawan", "Endang", "Firman",
    "Galih", "Hasan", "Imam", "Jajang", "Kadek", "Made", "Ridwan", "Siti", "Sutrisno", "Taufik",
    "Wayan", "Yusuf",
)  # fmt: skip
_LAST = (
    "Setiawan", "Nugroho", "Saputra", "Hidayat", "Kusuma", "Wibowo", "Santoso", "Prasetyo",
    "Siregar", "Nasution", "Harahap", "Simatupang", "Ramadhan", "Maulana", "Firmansyah", "Hakim",
    "Permana", "Gunadi", "Suryana", "Iskandar", "Lestari", "Wijaya", "Susanto", "Hartono",
    "Mahendra", "Sudarma", "Putra", "Rahman", "Anwar", "Fauzi", "Kurniawan", "Utomo", "Sihombing",
    "Lubis", "Mappasanda", "Baskara", "Tanjung",
)  # fmt: skip


@dataclass(frozen=True)
class Workshop:
    """Where mechanics recommend what goes into an engine: an outlet of its distributor."""

    outlet: str
    name: str
    address: str
    city: str
    province: str
    partner: str


@dataclass(frozen=True)
class Mechanic:
    """A product advocate, with the number on the member card."""

    advocate: str
    name: str
    email: str
    phone: str
    language: str
    outlet: str


@cache
def workshops() -> tuple[Workshop, ...]:
    """The forty workshops, in the order of their numbers."""
    return tuple(_workshops())


@cache
def mechanics() -> tuple[Mechanic, ...]:
    """The three mechanics of each workshop, those not enrolled included."""
    return tuple(
        _mechanic(number, workshop.outlet)
        for place, workshop in enumerate(workshops())
        for number in range(
            place * MECHANICS_A_WORKSHOP + 1, (place + 1) * MECHANICS_A_WORKSHOP + 1
        )
    )


def _workshops() -> Iterator[Workshop]:
    number = 0
    for city, province, partner, street, names in _PLACES:
        for name in names:
            number += 1
            address = f"{street} No. {number * 7 % 90 + 1}"
            yield Workshop(f"BKL-{number:03}", name, address, city, province, partner)


def _mechanic(number: int, outlet: str) -> Mechanic:
    name = _FIRST[number % len(_FIRST)]
    if number % 17:  # Many Indonesians bear one name only.
        name += f" {_LAST[number * 11 % len(_LAST)]}"
    address = name.lower().replace("'", "").replace(" ", ".")
    return Mechanic(
        advocate=f"RJ-{number:04}",
        name=name,
        email=f"{address}.{number}@bengkel.example",
        phone=f"0800{number:08}",  # A prefix that no mobile phone has.
        language="id" if number % 8 else "en",
        outlet=outlet,
    )
