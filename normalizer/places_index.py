"""
Where a name of a place can begin in a text, and which name a misspelled word may be.

Names are held in the order of their letters, so that each further word of a text tells at once
whether a name goes on with it. Most words begin no name; what was looked up once is remembered.
"""

from bisect import bisect_left
from collections.abc import Container, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

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

_LONGEST = 4
_REMEMBERED = 8_192
# So many names are looked at for the letters behind a word.
_FEW = 64
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


class Begun(NamedTuple):
    """The names that begin with a word: they follow one another."""

    first: int
    #: The one behind them.
    last: int
    #: Whether the first is the word itself.
    whole: bool
    #: How the others may go on; None where they are too many to tell.
    behind: Container[str] | None


class Index:
    """Names a text is read for."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = sorted(names)
        #: The names that begin with a word, or are it; None where there are none.
        self.begins = Remembered[str, Begun | None](self._begin)

    def _begin(self, word: str) -> Begun | None:
        names = self._names
        first = bisect_left(names, word)
        last = bisect_left(names, word + _BEHIND, first)
        if first == last or word in _NO_BEGINNING:
            return None
        few = last - first <= _FEW
        behind = {name[len(word) :][:1] for name in names[first:last]} if few else None
        return Begun(first, last, names[first] == word, behind)

    def ends(self, spoken: Sequence[str], start: int) -> list[tuple[int, str]]:
        """Where each name that begins at a word ends, with the name; the longest first."""
        begun = self.begins[spoken[start]]
        if begun is None:
            return []
        names, key = self._names, spoken[start]
        first, last, whole, behind = begun
        found = [(start + 1, key)] if whole else []
        following = spoken[start + 1 : start + _LONGEST]
        if not following or (behind is not None and following[0][0] not in behind):
            return found
        for end, word in enumerate(following, start + 2):
            key += word
            first = bisect_left(names, key, first, last)
            if first == last or not names[first].startswith(key):
                break
            if names[first] == key:
                found.insert(0, (end, key))
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
