"""
Where a name of a place can begin in a text, and which name a misspelled word may be.

Names are held in the order of their letters, so that each further word of a text tells at once
whether a name goes on with it. Most words begin no name; what was looked up once is remembered.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from normalizer.gazetteer import (
    DISTRICT,
    PROVINCE,
    REGENCY,
    Area,
    Gazetteer,
    Number,
    spelling,
)
from normalizer.places_words import Cue
from normalizer.remembered import Remembered

#: Names that follow one another: the number of the first, and of the one behind the last.
Span: TypeAlias = tuple[int, int]

_LONGEST = 4
_REMEMBERED = 8_192
# Stands behind every letter and digit.
_BEHIND = "~"
# Words that begin no name, and stand in every text.
_NO_BEGINNING = ("di", "ke", "dari", "yang", "dan", "untuk", "kec", "kel", "kecamatan")
# A table larger than this is not searched for misspelled names: it takes too long, and too many
# names come close.
_MOST_SEARCHED = 2_500
_LEAST_LETTERS = 5
_TWO_ERRORS_FROM = 9
_CACHED_SCOPES = 32


class Index:
    """Names a text is read for."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = sorted(names)
        #: The names that begin with a word, or are it; None where there are none.
        self.begins = Remembered[str, Span | None](self._begin)

    def _begin(self, word: str) -> Span | None:
        first = bisect_left(self._names, word)
        last = bisect_left(self._names, word + _BEHIND, first)
        return (first, last) if first < last and word not in _NO_BEGINNING else None

    def ends(self, spoken: Sequence[str], start: int) -> list[tuple[int, str]]:
        """Where each name that begins at a word ends, with the name; the longest first."""
        begins = self.begins[spoken[start]]
        if begins is None:
            return []
        names = self._names
        (first, last), key = begins, spoken[start]
        found: list[tuple[int, str]] = []
        end = start + 1
        most = min(start + _LONGEST, len(spoken))
        while True:
            if names[first] == key:
                found.insert(0, (end, key))
                first += 1
            if end == most or first == last:
                return found
            key += spoken[end]
            end += 1
            first = bisect_left(names, key, first, last)
            if first == last or not names[first].startswith(key):
                return found


class Spellings:
    """Names a misspelled word is compared with."""

    def __init__(self, names: Mapping[str, tuple[Number, ...]]) -> None:
        self._names = names
        self.closest = lru_cache(_REMEMBERED)(self._closest)

    def _closest(self, key: str) -> tuple[Number, ...] | None:
        """What the one name is called that is a slip of the finger away."""
        if len(key) < _LEAST_LETTERS or not key.isalpha():
            return None
        allowed = 2 if len(key) >= _TWO_ERRORS_FROM else 1
        close = process.extract(
            key,
            self._names.keys(),
            scorer=DamerauLevenshtein.distance,
            score_cutoff=allowed,
            limit=2,
        )
        if not close or (len(close) > 1 and close[0][1] == close[1][1]):
            return None
        return self._names[close[0][0]]


def spellings_in(gazetteer: Gazetteer, area: Area, cue: Cue) -> Spellings:
    """What a word such as "desa" or "kab" can announce in an area; nothing where it is too much."""
    if cue in ("village", "district"):
        return _small_in(gazetteer, area, cue)
    return _large_in(gazetteer, cue)


@lru_cache(maxsize=_CACHED_SCOPES)
def _small_in(gazetteer: Gazetteer, area: Area, cue: Cue) -> Spellings:
    inside = (number for whole in area for number in gazetteer.within(whole))
    if cue == "village":
        return _spellings(gazetteer, [n for n in inside if n % DISTRICT])
    return _spellings(gazetteer, [n for n in inside if n % REGENCY and not n % DISTRICT])


# Looking through the whole table takes a while, and every report may ask.
@lru_cache(maxsize=_CACHED_SCOPES)
def _large_in(gazetteer: Gazetteer, cue: Cue) -> Spellings:
    large = [number for number in gazetteer.within(0) if not number % REGENCY]
    return _spellings(gazetteer, [n for n in large if (n % PROVINCE == 0) == (cue == "province")])


def _spellings(gazetteer: Gazetteer, numbers: Sequence[Number]) -> Spellings:
    names: dict[str, tuple[Number, ...]] = {}
    for number in numbers if len(numbers) <= _MOST_SEARCHED else ():
        key = spelling(gazetteer.name(number))
        names[key] = (*names.get(key, ()), number)
    return Spellings(names)
