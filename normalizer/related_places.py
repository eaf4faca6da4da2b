"""Whether two complaints name one place, by their words: names, house numbers, RT and RW."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA

from normalizer.match_words import NUMBERS, misspelled
from normalizer.text import words

# What addresses hold beside names and numbers.
_GENERIC = frozenset(
    words("""
    alamat area bagian barat belakang blok daerah dan dekat depan desa di dusun gang gg indonesia
    jalan jawa jl jln kabupaten kampung kantor kawasan kec kecamatan kel kelurahan ke kota km lokasi
    masuk no nomor nomer perum perumahan provinsi raya rt rumah rw samping sebelah sekitar
    sepanjang seberang selatan sulawesi sumatera surat tengah timur utara wilayah yang""")
)
_ROMAN = NUMBERS | {"i": "1", "v": "5", "x": "10"}
_MOST_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What words say about where something is."""

    names: tuple[str, ...]
    numbers: frozenset[str]
    rt: str
    rw: str


@dataclass(frozen=True, slots=True)
class Nearness:
    """How far two places agree."""

    #: Whether both are named at all.
    named: bool = False
    #: The share of the shorter's names that the other has, from 0 to 1.
    names: float = 0.0
    #: The same number is given.
    same_number: bool = False
    #: Another house, street number, RT or RW.
    elsewhere: bool = False


@lru_cache(maxsize=8192)
def whereabouts(place: str) -> Whereabouts:
    """Take an address apart."""
    names: list[str] = []
    numbers: set[str] = set()
    labelled = {"rt": "", "rw": ""}
    before = ""
    for word in words(place):
        number = word.lstrip("0") if word.isdigit() else _ROMAN.get(word, "") if names else ""
        if number and before in labelled:
            labelled[before] = labelled[before] or number
        elif number:
            if len(number) <= _MOST_DIGITS:
                numbers.add(number)
        elif word not in _GENERIC and len(word) > 1:
            names.append(word)
        before = word
    return Whereabouts(tuple(dict.fromkeys(names)), frozenset(numbers), **labelled)


def near(
    here: Whereabouts, there: Whereabouts, ours: Container[str] = (), theirs: Container[str] = ()
) -> Nearness:
    """Compare two places; `ours` and `theirs` are the words of the two texts around them."""
    if not here.names and not there.names:
        return Nearness()
    named = bool(here.names and there.names)
    covers = []
    if here.names:
        covers.append(_cover(here.names, there.names, theirs))
    if there.names:
        covers.append(_cover(there.names, here.names, ours))
    return Nearness(
        named=named,
        names=max(covers),
        same_number=bool(here.numbers & there.numbers),
        elsewhere=_other(here.rt, there.rt)
        or _other(here.rw, there.rw)
        or bool(here.numbers - there.numbers and there.numbers - here.numbers),
    )


def _cover(names: Sequence[str], others: Sequence[str], around: Container[str]) -> float:
    """The share of the names that are among the other's, or in the words around them."""
    found = sum(
        name in others or name in around or any(_near(name, other) for other in others)
        for name in names
    )
    return found / len(names)


def _other(one: str, other: str) -> bool:
    return bool(one and other and one != other)


def _near(name: str, other: str) -> bool:
    """Whether two names are one, typed badly; most differ so much that a glance tells."""
    return OSA.distance(name, other, score_cutoff=1) <= 1 and misspelled(name, other, name=True)
