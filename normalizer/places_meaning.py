"""
What the names of a text mean beside one another.

"Bojong, Cikupa" is the village of Bojong in the district of Cikupa, though there are other Bojongs
and a village of Cikupa; "Tangerang" is the regency, the city or both, as the word before it and the
tenant tell.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from msgspec import Struct
from msgspec.structs import replace

from normalizer.gazetteer import DISTRICT, PROVINCE, REGENCY, Area, Number, level_of, lies_in
from normalizer.places_words import Cue, Source

#: The cues of villages and districts.
SMALL: tuple[Cue, ...] = ("village", "district")


class Mention(Struct, frozen=True, kw_only=True, gc=False):
    """A name that was found, and how it stands there."""

    words: str
    cue: Cue
    source: Source
    #: What it may mean: villages and districts, or regencies and provinces.
    numbers: tuple[Number, ...]
    #: What follows: a direction ("Babatan Indah") or a number ("Babatan 3").
    after: str = ""
    typo: bool = False
    #: Its first word and the word behind it, counted over address and text.
    start: int = 0
    end: int = 0
    #: What it lies in is named right behind it: "Bojong, Cikupa" or "Slawi kab Tegal".
    chain: bool = False
    #: What is named right behind it is its district.
    before_district: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """All names of a text."""

    small: tuple[Mention, ...]
    large: tuple[Mention, ...]


def with_meanings(mention: Mention, numbers: Sequence[Number]) -> Mention:
    """The mention with some of its meanings."""
    if len(numbers) == len(mention.numbers):
        return mention
    return replace(mention, numbers=tuple(numbers))


def chained(small: Sequence[Mention], large: Sequence[Mention]) -> tuple[Mention, ...]:
    """The mentions with those meanings only that agree with the others, where some do."""
    if len(small) + len(large) < 2:  # noqa: PLR2004 (nothing to agree with)
        return tuple(small)
    return tuple(_agreeing(mention, small, large) for mention in small)


def _agreeing(mention: Mention, small: Sequence[Mention], large: Sequence[Mention]) -> Mention:
    others = [other for other in small if other.words != mention.words]
    numbers = mention.numbers
    # "Bojong, Cikupa": the village of Bojong in Cikupa, and Cikupa the district around it.
    around = [n for n in numbers if not n % DISTRICT and _some_in(n, others)]
    inside = [n for n in numbers if n % DISTRICT and _some_around(n, others)]
    numbers = tuple(around or inside or numbers)
    next_to = [
        n
        for other in (*others, *large)
        if 0 <= other.start - mention.end <= 1
        for n in other.numbers
    ]
    inside = [n for n in numbers if any(lies_in(n, m) and n != m for m in next_to)]
    if not inside:
        return with_meanings(mention, numbers)
    before_district = any(n % DISTRICT and n - n % DISTRICT in next_to for n in inside)
    return replace(mention, numbers=tuple(inside), chain=True, before_district=before_district)


def _some_in(district: Number, others: Iterable[Mention]) -> bool:
    return any(n % DISTRICT and lies_in(n, district) for other in others for n in other.numbers)


def _some_around(village: Number, others: Iterable[Mention]) -> bool:
    district = village - village % DISTRICT
    return any(district in other.numbers for other in others)


def is_own(numbers: Iterable[Number], area: Area) -> bool:
    """Whether a name is the tenant's own district or village before it is a regency elsewhere."""
    near = [n for n in numbers if any(lies_in(n, a) or lies_in(a, n) for a in area)]
    return any(n % REGENCY for n in near) and all(n % REGENCY for n in near)


def large_in(raw: Iterable[Mention], area: Area) -> Iterator[Mention]:
    """Regencies, cities and provinces, each as narrow as its cue and the tenant make it."""
    for mention in raw:
        large = [number for number in mention.numbers if number % REGENCY == 0]
        if not large or mention.cue in (*SMALL, "street", "landmark"):
            continue
        if mention.cue not in ("regency", "province") and is_own(mention.numbers, area):
            continue
        if mention.cue == "regency":
            wanted = "kabupaten" if mention.words.startswith(("kab", "pemkab", "bup")) else "kota"
            large = [n for n in large if level_of(n) == wanted] or large
        elif mention.cue == "province":
            large = [n for n in large if n % PROVINCE == 0] or large
        else:
            large = [n for n in large if n % PROVINCE] or large
            own = [n for n in large if any(lies_in(n, a) or lies_in(a, n) for a in area)]
            large = own if len(own) == 1 else large
        yield with_meanings(mention, large)
