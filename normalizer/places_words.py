"""
How address and text are cut, into parts at commas and stops and these into words; what announces.

"Jl. Mawar No 3, Cikupa" has two parts. Words are small letters or digits, so that "RT05" gives
two of them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from normalizer.text_spaces import has_joined, spaced

#: Where words come from: the address a citizen gave apart, or the text.
Source: TypeAlias = Literal["address", "text"]
#: How a name stands where it was found, see `cue_of`.
Cue: TypeAlias = Literal[
    "village", "district", "regency", "province", "whole", "street", "landmark", "first", "middle"
]


class Part(NamedTuple):
    """The words between two commas."""

    spoken: list[str]
    source: Source
    #: How many words stand before it, counted over address and text.
    before: int


def _set(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# What ends a part: these signs, "\\n" as typed by programs, and stops that are not of a short form.
_ENDS = str.maketrans(dict.fromkeys(",;()|:!?", "\n"))
_STOP = re.compile(r"\.(?:\.+|(?<=[a-z]{4}\.)\s+)")
_WORD = re.compile(r"[a-z]+|\d+")

VILLAGE = _set("desa ds dsa kel kelurahan lurah nagari gampong pekon")
DISTRICT = _set("kec kecamatan camat kapanewon kemantren distrik")
REGENCY = _set("kab kabupaten kota kotamadya kodya pemkab pemkot bupati walikota")
PROVINCE = _set("prov provinsi propinsi gubernur pemprov")
#: What a word announces of the name behind it.
ANNOUNCED: Mapping[str, Cue] = {
    **dict.fromkeys(PROVINCE, "province"),
    **dict.fromkeys(REGENCY, "regency"),
    **dict.fromkeys(DISTRICT, "district"),
    **dict.fromkeys(VILLAGE, "village"),
}
STREET = _set(
    "jl jln jalan jalanan gg gang perum perumahan komplek kompleks griya rusun rusunawa apartemen "
    "pondok villa blok cluster"
)
LANDMARK = _set(
    "sd sdn smp smpn sma sman smk smkn mi mts man tk paud sekolah kampus universitas pasar mall "
    "toko indomaret alfamart alfamidi bank hotel puskesmas klinik rs rsud posyandu apotek polsek "
    "polres kantor balai samsat terminal stasiun halte bandara pelabuhan masjid mushola "
    "gereja pura vihara makam waduk sungai kali jembatan perempatan pertigaan simpang bundaran "
    "taman lapangan spbu pom pabrik gudang tps kampung kp dusun dsn padukuhan pedukuhan banjar "
    "jorong"
)
#: After these words of a text its next few are worth looking up.
ANNOUNCING = (
    VILLAGE
    | DISTRICT
    | STREET
    | LANDMARK
    | _set(
        "daerah wilayah warga di rt rw alamat area sekitar depan dekat belakang samping sebelah "
        "lokasi dusun dsn"
    )
)
#: "Babatan Indah" may be a housing estate anywhere rather than the village of Babatan.
DIRECTIONS = _set(
    "utara timur barat selatan tengah raya indah baru lor kidul wetan kulon tama madya asri permai "
    "regency jaya"
)
#: Words of addresses that tell no place on their own.
EMPTY = _set(
    "kota indonesia no nomor rt rw depan dekat sebelah belakang samping di dan yang kelurahan kel "
    "kec kecamatan jalan jl jln gang gg blok raya perumahan perum sepanjang sekitar saya warga ada "
    "untuk dari ke desa ds kab kabupaten provinsi prov jawa timur barat utara selatan tengah"
)
# "jalan di Tegal" is no street of that name.
_IN = frozenset({"di", "ke", "dari", "dr"})
_TENS = ("", "x", "xx")
_ONES = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")
ROMAN = {
    ten + one: str(10 * tens + ones)
    for tens, ten in enumerate(_TENS)
    for ones, one in enumerate(_ONES)
    if ten + one
}


def cut(address: str, text: str) -> list[Part]:
    """The parts of what a citizen gave as the place, and then those of the text."""
    said: list[Part] = []
    before = 0
    fields: tuple[tuple[str, Source], ...] = ((address, "address"), (text, "text"))
    for field, source in fields:
        for spoken in parts(field):
            said.append(Part(spoken, source, before))
            before += len(spoken)
    return said


def parts(text: str) -> Iterator[list[str]]:
    """The words of each part of an address or text."""
    signs = text.lower().translate(_ENDS).replace("\\n", "\n")
    if "." in signs:
        signs = _STOP.sub("\n", signs)
    if signs.isascii() and not has_joined(signs):
        return filter(None, map(str.split, spaced(signs, "\n").split("\n")))
    return filter(None, map(_WORD.findall, signs.split("\n")))


def cue_of(spoken: Sequence[str], start: int, end: int, source: Source) -> Cue:
    """How the words from `start` to `end` stand in their part."""
    before = spoken[start - 1] if start else ""
    if before in ANNOUNCED:
        return ANNOUNCED[before]
    if end - start == len(spoken):
        return "whole"
    earlier = spoken[start - 2] if start > 1 and before not in _IN else ""
    if before in STREET or earlier in STREET:
        return "street"
    if before in LANDMARK or earlier in LANDMARK:
        return "landmark"
    return "first" if start == 0 and source == "address" else "middle"


def is_count(word: str) -> bool:
    """A number, also a Roman one, or what comes before one."""
    return word.isdigit() or word in ROMAN or word in {"no", "nomor", "gg", "gang", "blok"}
