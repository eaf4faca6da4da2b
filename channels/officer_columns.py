"""
Which column of a foreign table says what, by its heading, in Indonesian or English.

A running number (`no`) is nobody's id: the next file begins at 1 again, and its rows would be taken
for those of this one.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from channels.officer_table import Row

#: What a column may be, and its headings, the surest first.
HEADINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "id": (
            "id", "id laporan", "id aduan", "nomor laporan", "no laporan", "nomor aduan",
            "no aduan", "nomor pengaduan", "no pengaduan", "nomor tiket", "no tiket", "kode",
            "kode laporan", "kode aduan", "tracking id", "ticket", "ticket id", "ticket number",
            "case id", "report id", "reference",
        ),
        "text": (
            "isi laporan", "isi aduan", "isi pengaduan", "isi keluhan", "isi", "uraian",
            "uraian laporan", "uraian aduan", "uraian pengaduan", "deskripsi", "keluhan",
            "laporan", "aduan", "pengaduan", "pesan", "komentar", "caption", "text", "teks",
            "message", "description", "complaint", "content", "report", "comment",
        ),
        "title": ("judul", "judul laporan", "judul aduan", "perihal", "subjek", "subject", "title"),
        "written_at": (
            "tanggal laporan", "tanggal aduan", "tanggal pengaduan", "tanggal masuk", "tanggal",
            "tgl laporan", "tgl aduan", "tgl masuk", "tgl", "waktu", "waktu laporan", "created at",
            "submitted at", "date", "datetime", "time", "timestamp",
        ),
        "author": (
            "nama pelapor", "nama pengadu", "nama lengkap", "nama", "pelapor", "pengadu",
            "nama akun", "akun", "username", "author", "name", "reporter", "from",
        ),
        "contact": (
            "telepon", "no telepon", "nomor telepon", "telepon pelapor", "no telp", "telp", "no hp",
            "nomor hp", "hp", "handphone", "nomor handphone", "no wa", "nomor wa", "wa", "whatsapp",
            "kontak", "kontak pelapor", "email", "e mail", "surel", "email pelapor", "phone",
            "phone number", "mobile", "contact",
        ),
        "place": (
            "lokasi kejadian", "tempat kejadian", "lokasi", "alamat kejadian", "alamat lokasi",
            "tempat", "alamat", "desa", "kelurahan", "kecamatan", "kabupaten", "kota", "location",
            "address", "place",
        ),
        "lat": ("lat", "latitude", "lintang"),
        "lon": ("lon", "lng", "long", "longitude", "bujur"),
        "topic": ("kategori", "kategori laporan", "topik", "bidang", "category", "topic"),
        "link": (
            "link", "tautan", "url", "link postingan", "link laporan", "permalink", "source url",
        ),
    }
)  # fmt: skip

#: Told in several columns, all of them count: the parts of an address.
JOINED = ("place",)
#: Told in several columns, the surest one counts; of other fields the first that says anything.
SINGLE = ("id",)
# Offices put a title and the month above their headings.
_MOST_ABOVE = 10


def heading_row(rows: Sequence[Row]) -> int:
    """The position of the row that looks most like headings; the first one where none does."""
    top = rows[:_MOST_ABOVE]
    scores = [sum(bool(field_of(cell)) for cell in row.cells) for row in top]
    return scores.index(max(scores))


def recognise(headings: Sequence[str]) -> dict[str, list[int]]:
    """The columns of each field, by position, the surest heading first; of an address in order."""
    found: dict[str, list[tuple[int, int]]] = {}
    for column, heading in enumerate(headings):
        field = field_of(heading)
        if field:
            sureness = 0 if field in JOINED else HEADINGS[field].index(_words(heading))
            found.setdefault(field, []).append((sureness, column))
    return {
        field: [column for _, column in sorted(columns)][: 1 if field in SINGLE else None]
        for field, columns in found.items()
    }


def field_of(heading: str) -> str:
    """What a heading stands for, or ""."""
    words = _words(heading)
    return next((field for field, known in HEADINGS.items() if words in known), "")


def _words(heading: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", heading.lower()))
