"""
Where a name of a place can begin in a text, and which name a misspelled word may be.

Names are held in the order of their letters, so that each further word of a text tells at once
whether a name goes on with it. Most words begin no name; what was looked up once is remembered.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

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

_LONGEST = 4
_REMEMBERED = 8_192
# Words that begin no name, and stand in every text.
_NO_BEGINNING = ("di", "ke", "dari", "yang", "dan", "untuk", "kec", "kel", "kecamatan")
# A table larger than this is not searched for misspelled names: it takes too long, and too many
# names come close.
_MOST_SEARCHED = 2_500
_LEAST_LETTERS = 5
_TWO_ERRORS_FROM = 9
_CACHED_SCOPES = 8


class Index:
    """Names a text is read for."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = sorted(names)
        self._begins: dict[str, bool] = {}

    def begins(self, word: str) -> bool:
        """Whether a name begins with this word, or is it."""
        known = self._begins.get(word)
        return self._look(word) if known is None else known

    def _look(self, word: str) -> bool:
        at = bisect_left(self._names, word)
        found = at < len(self._names) and self._names[at].startswith(word)
        if len(self._begins) >= _REMEMBERED:
            self._begins.clear()
        self._begins[word] = found and word not in _NO_BEGINNING
        return self._begins[word]

    def ends(self, spoken: Sequence[str], start: int) -> list[tuple[int, str]]:
        """Where each name that begins at a word ends, with the name; the longest first."""
        found = []
        key = ""
        at = 0
        for end in range(start, min(start + _LONGEST, len(spoken))):
            key += spoken[end]
            at = bisect_left(self._names, key, at)
            if at == len(self._names) or not self._names[at].startswith(key):
                break
            if self._names[at] == key:
                found.append((end + 1, key))
        found.reverse()
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


@lru_cache(maxsize=_CACHED_SCOPES)
def spellings_in(gazetteer: Gazetteer, area: Area, cue: Cue) -> Spellings:
    """What a word such as "desa" or "kab" can announce in an area; nothing where it is too much."""
    wanted = _WANTED.get(cue)
    numbers = [
        number
        for whole in (area if cue in ("village", "district") else (0,))
        for number in gazetteer.within(whole)
        if wanted and wanted(number)
    ]
    names: dict[str, tuple[Number, ...]] = {}
    for number in numbers if len(numbers) <= _MOST_SEARCHED else ():
        key = spelling(gazetteer.name(number))
        names[key] = (*names.get(key, ()), number)
    return Spellings(names)


_WANTED: Mapping[str, Callable[[Number], bool]] = {
    "village": lambda number: number % DISTRICT > 0,
    "district": lambda number: number % DISTRICT == 0 and number % REGENCY > 0,
    "regency": lambda number: number % REGENCY == 0 and number % PROVINCE > 0,
    "province": lambda number: number % PROVINCE == 0,
}
