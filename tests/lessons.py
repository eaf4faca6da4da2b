"""Invented reports with the value an officer would give them, as many as a test needs."""

from collections.abc import Iterator
from itertools import product

from gateway.learning.past import Past

_WHERE = ("di Gang Mawar", "dekat Pasar Contoh", "depan Balai Warga", "di Blok Anggrek", "di RT 90")
_WHAT = {
    "lampu": (
        "lampunya padam sejak kemarin",
        "penerangan tidak menyala lagi",
        "bohlam tiang itu mati",
    ),
    "sampah": (
        "sampahnya belum diangkut",
        "tumpukan sampah berbau",
        "bak sampah penuh sekali",
    ),
    "air": ("airnya keruh sekali", "keran kami tidak mengalir", "pipa airnya bocor lagi"),
}
_WISH = ("mohon dibantu", "tolong segera dicek")


def past_reports() -> list[Past]:
    """Ninety reports about three things."""
    return list(_reports())


def _reports() -> Iterator[Past]:
    for label, sayings in _WHAT.items():
        for where, saying, wish in product(_WHERE, sayings, _WISH):
            yield Past(text=f"{where.capitalize()} {saying}, {wish}", label=label)
