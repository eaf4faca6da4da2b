"""
What an address says below the village: RT/RW, hamlet, street, landmark; and map coordinates.

These are words of the citizen, cut out and not looked up anywhere. House numbers are left out.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from normalizer.places_words import Part
from normalizer.text import words

_STOPS = frozenset(
    words("""
    rusak rusaknya berlubang lubang ini itu yang yg sudah sdh masih parah hancur macet banjir becek
    licin gelap dan di ke dari dr untuk utk umum penuh tidak tdk belum blm bolong amblas ambles
    longsor putus mati padam menyala tersebut lagi sejak sampai sampe sampah karena krn akibat oleh
    saja pak bu kami kita saya warga menuju nya mohon tolong agar supaya ada adalah akan sering
    selalu sekarang tadi kemarin hari setiap tiap dengan dgn pada kalau jika juga sangat banyak
    mau bisa apa kapan kenapa minta lapor rt rw no nomor kel kelurahan ds desa kec kecamatan kab
    kabupaten kota dusun dsn depan dekat samping belakang seberang sebelah
    """)
)
_FULL = {"jl": "Jalan", "jln": "Jalan", "jalan": "Jalan", "gg": "Gang", "gang": "Gang"}
_BESIDES = (
    "depan",
    "dekat",
    "samping",
    "belakang",
    "seberang",
    "sebelah",
    "sekitar",
    "perempatan",
    "pertigaan",
    "simpang",
    "persimpangan",
    "bundaran",
)
_HAMLETS = (
    "dusun",
    "dsn",
    "padukuhan",
    "pedukuhan",
    "dukuh",
    "banjar",
    "jorong",
    "lingkungan",
    "kampung",
    "kp",
)


def _one_of(words_: Iterable[str]) -> str:
    """A pattern for one of some words: a search for their first letters skips nearly all others."""
    behind: dict[str, list[str]] = {}
    for word in words_:
        behind.setdefault(word[0], []).append(word[1:])
    first = "".join(f"{letter}{letter.upper()}" for letter in behind)
    words_behind = (f"(?<={letter})(?:{'|'.join(rest)})" for letter, rest in behind.items())
    return rf"([{first}](?<!\w.)(?i:{'|'.join(words_behind)}))"


_STREET = re.compile(rf"{_one_of(_FULL)}\b\.?[ ]*")
_BESIDE = re.compile(rf"{_one_of(_BESIDES)}\s+")
_HAMLET = re.compile(rf"{_one_of(_HAMLETS)}\b\.?\s+")
_HINTS = frozenset((*_FULL, *_BESIDES, *_HAMLETS, "rt", "rw"))
_FRACTION = re.compile(r"\.\d\d")
_WORD = re.compile(r"[ ]*([\w'/-]+)(\.?)")
_RT = re.compile(
    r"[rR](?<!\w.)[tT][\s.:]*0*(\d{1,3})\b(?:[\s,/.-]*(?:[rR][wW][\s.:]*)?0*(\d{1,3})\b)?"
)
_RT_RW = re.compile(r"[rR](?<!\w.)[tT]\s*/\s*[rR][wW][\s.:]*0*(\d{1,3})\s*[/,-]\s*0*(\d{1,3})\b")
_RW = re.compile(r"[rR](?<!\w.)[wW][\s.:]*0*(\d{1,3})\b")
_MOST_WORDS = 5
_HAMLET_WORDS = 2
_LEAST_LETTERS = 2

# "-6.2088, 106.8456" alone or in a link: …/@-6.2,106.8,17z  q=…  !3d-6.2!4d106.8  mlat=…&mlon=…
_PAIR = re.compile(
    r"(?<![\d.])(-?\d{1,2}\.\d{2,15})(?:\s*(?:,|%2C|/|!4d|&mlon=)\s*|\s+)(\d{2,3}\.\d{2,15})(?![\d.])",
    re.IGNORECASE,
)
_SIDES = re.compile(
    r"(?<![\d.])(\d{1,2}\.\d{2,15})\s*(?:°\s*)?(LS|LU|S|N)[\s,]+(\d{2,3}\.\d{2,15})\s*(?:°\s*)?(?:BT|E)\b"
)
# "lat -6.2088 long 106.8456", with any words or signs between.
_NAMED = re.compile(
    r"\blat[a-z]*[^\w-]{0,4}(-?\d{1,2}\.\d{2,15})\W{1,4}lo?ng[a-z]*\W{0,4}(\d{2,3}\.\d{2,15})",
    re.IGNORECASE,
)
# 6°12'31.7"S 106°50'44.2"E, also with LS and BT.
_MINUTES = re.compile(
    r"(\d{1,2})°\s?(\d{1,2})['\u2019\u2032]\s?(\d{1,2}(?:[.,]\d{1,3})?)[\"\u201d\u2033]?\s?(LS|LU|S|N)"
    r"[\s,]{0,3}(\d{2,3})°\s?(\d{1,2})['\u2019\u2032]\s?(\d{1,2}(?:[.,]\d{1,3})?)[\"\u201d\u2033]?\s?(?:BT|E)"
)
# Indonesia lies between these.
_SOUTH, _NORTH, _WEST, _EAST = -11.5, 6.5, 94.5, 141.5


class Parts(NamedTuple):
    """The small parts of an address, each empty where it is not told."""

    rt: str = ""
    rw: str = ""
    hamlet: str = ""
    street: str = ""
    landmark: str = ""


NO_PARTS = Parts()


def small_parts(text: str, said: Iterable[Part]) -> Parts:
    """The first of each in a text; `said` is the same, cut into its words."""
    found = _HINTS.intersection(chain.from_iterable(part.spoken for part in said))
    if not found:
        return NO_PARTS
    rt, rw = _rt_rw(text) if not found.isdisjoint({"rt", "rw"}) else ("", "")
    return Parts(
        rt=rt,
        rw=rw,
        hamlet=_hamlet(text) if not found.isdisjoint(_HAMLETS) else "",
        street=next(_streets(text), "") if not found.isdisjoint(_FULL) else "",
        landmark=next(_landmarks(text), "") if not found.isdisjoint(_BESIDES) else "",
    )


def point_in(text: str) -> tuple[float, float] | None:
    """The first coordinates within Indonesia, also of a map link, as latitude and longitude."""
    for point in _points(text):
        if _SOUTH <= point[0] <= _NORTH and _WEST <= point[1] <= _EAST:
            return point
    return None


def _points(text: str) -> Iterator[tuple[float, float]]:
    if _FRACTION.search(text):
        for found in chain(_PAIR.finditer(text), _NAMED.finditer(text)):
            yield float(found[1]), float(found[2])
        for found in _SIDES.finditer(text):
            yield float(found[1]) * _side(found[2]), float(found[3])
    for found in _MINUTES.finditer(text) if "°" in text else ():
        yield _degrees(*found.groups()[:3]) * _side(found[4]), _degrees(*found.groups()[4:])


def _side(letter: str) -> int:
    return -1 if letter in ("LS", "S") else 1


def _degrees(whole: str, minutes: str, seconds: str) -> float:
    return round(int(whole) + int(minutes) / 60 + float(seconds.replace(",", ".")) / 3600, 6)


def _rt_rw(text: str) -> tuple[str, str]:
    both = _RT_RW.search(text) or _RT.search(text)
    if both and both[2]:
        return both[1], both[2]
    rw = _RW.search(text)
    return both[1] if both else "", rw[1] if rw else ""


def _streets(text: str) -> Iterator[str]:
    for found in _STREET.finditer(text):
        name = _name_at(text, found.end(), _MOST_WORDS)
        if name and not name[0].isdigit():
            yield f"{_FULL[found[1].lower()]} {name}"


def _landmarks(text: str) -> Iterator[str]:
    for found in _BESIDE.finditer(text):
        name = _name_at(text, found.end(), _MOST_WORDS, numbers=True)
        if len(name) > _LEAST_LETTERS and not name.lower().startswith("rumah"):
            yield f"{found[1].lower()} {name}"


def _hamlet(text: str) -> str:
    for found in _HAMLET.finditer(text):
        name = _name_at(text, found.end(), _HAMLET_WORDS)
        if len(name) > _LEAST_LETTERS:
            return name
    return ""


def _name_at(text: str, at: int, most: int, *, numbers: bool = False) -> str:
    """Up to `most` words of a name: to a comma, a stop, or a word no name has; "km 14" stays."""
    taken: list[str] = []
    while len(taken) < most:
        found = _WORD.match(text, at)
        if not found or found[1].lower() in _STOPS:
            break
        word = found[1]
        if (
            word.isdigit()
            and not numbers
            and not (taken and taken[-1].lower() in {"km", "gang", "gg"})
        ):
            break
        taken.append(word)
        at = found.end()
        if found[2] and word.lower() != "km" and len(word) > _LEAST_LETTERS:
            break  # a full stop, unless it is of a short form: "Dr. Sutomo"
    return " ".join(taken)
