"""
Names of places in a text: which of them it means, as far as words around them and the tenant tell.

A name in the tenant's area is taken before its namesakes elsewhere; those elsewhere count where the
text names their regency or city too, or says "desa" or "kecamatan" before them. A village called
like an ordinary word ("Air", "Baru") counts only where a word announces it. Behind such a word a
misspelled name is understood as well, if exactly one name comes close.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from normalizer.gazetteer import (
    DISTRICT,
    REGENCY,
    Area,
    Gazetteer,
    Number,
    level_of,
    lies_in,
    lies_in_area,
)
from normalizer.places_index import Index, spellings_in
from normalizer.places_meaning import (
    SMALL,
    Mention,
    Named,
    chained,
    is_own,
    large_in,
    with_meanings,
)
from normalizer.places_words import ANNOUNCED, DIRECTIONS, EMPTY, Cue, Part, cue_of, is_count
from normalizer.remembered import Remembered

_MISSPELLED_LONGEST = 3
_FEW_LETTERS = 2
#: More namesakes than these are no help in a question.
MOST_NAMESAKES = 5
_LARGE: tuple[Cue, ...] = ("regency", "province")
_BY_CUE = frozenset((*SMALL, *_LARGE))
# Behind these a name counts wherever it lies.
_ANYWHERE = _BY_CUE | {"whole"}
# These tell what else of a text may mean.
_AROUND = frozenset((*SMALL, "whole"))


class _Name(NamedTuple):
    """What is known of a name, whoever says it."""

    numbers: tuple[Number, ...]
    #: Whether it can be meant with nothing before it: in the tenant's area, or a regency.
    here: bool
    common: bool
    #: Whether it is written in several words.
    spaced: bool


class _Meant(NamedTuple):
    """What a name can mean with its cue: districts and villages, and the tenant's own of them."""

    small: tuple[Number, ...]
    own: tuple[Number, ...]


#: A word behind "desa" or "kab" that is no name as it stands: its part, and where in it.
_Unknown: TypeAlias = tuple[Part, int]


class Names:
    """The names of a gazetteer, the ordinary words among them, and the tenant's area."""

    def __init__(
        self, gazetteer: Gazetteer, common: frozenset[str] = frozenset(), area: Area = ()
    ) -> None:
        self.gazetteer = gazetteer
        self.common = common
        self.area = area
        self._anywhere = Index(gazetteer.keys_in(()))
        #: What names are looked for where nothing announces one.
        self._here = Index(gazetteer.keys_in(area)) if area else self._anywhere
        self._known = Remembered[str, _Name](self._known_of)
        self._meant = Remembered[tuple[tuple[Number, ...], Cue], _Meant](self._meant_by)

    def find_in(self, said: Sequence[Part]) -> Named:
        """The names in an address and a text, cut into parts."""
        raw, unknown = self._read(said, self._here)
        if not raw and not unknown:
            return Named((), ())
        raw += self._misspelled(unknown, _LARGE, ())
        large = tuple(large_in(raw, self.area))
        wholes = tuple(
            dict.fromkeys(
                number
                for mention in large
                for number in mention.numbers
                if not any(lies_in(own, number) for own in self.area)
            )
        )
        if self.area and self._looks_abroad(raw, wholes):
            raw, unknown = self._read(said, self._anywhere)
        raw += self._misspelled(unknown, SMALL, wholes or self.area)
        raw.sort(key=_start)
        around = [mention for mention in raw if mention.cue in _AROUND]
        scoped = (self._scoped(mention, wholes, around) for mention in raw)
        return Named(chained([m for m in scoped if m], large), large)

    def _looks_abroad(self, raw: Iterable[Mention], wholes: Iterable[Number]) -> bool:
        """Whether a text names another area than the tenant's, or a village or district there."""
        return any(not lies_in_area(whole, self.area) for whole in wholes) or any(
            mention.cue in SMALL and not _is_here(mention.numbers, self.area) for mention in raw
        )

    def _read(self, said: Iterable[Part], index: Index) -> tuple[list[Mention], list[_Unknown]]:
        found: list[Mention] = []
        unknown: list[_Unknown] = []
        begins = self._anywhere.begins
        for part in said:
            announced, free = True, 0
            for at, word in enumerate(part.spoken):
                if at >= free:
                    mention = None
                    if begins[word] and (announced or index.begins[word]):
                        mention = self._longest(part, at, index, announced=announced)
                    if mention:
                        found.append(mention)
                        free = mention.end - part.before
                    elif announced and at:
                        unknown.append((part, at))
                announced = word in ANNOUNCED
        return found, unknown

    def _longest(self, part: Part, start: int, index: Index, *, announced: bool) -> Mention | None:
        spoken = part.spoken
        everywhere = index is self._anywhere
        names = self._anywhere if announced else index
        for end, key in names.ends(spoken, start):
            name = self._known[key]
            common = name.common
            if end - start > 1:
                typed = spoken[start:end]
                # Not "di no" for a village of Dino: small words count only where the name has them.
                if not name.spaced and min(map(len, typed)) <= _FEW_LETTERS:
                    continue
                common = common or self.common.issuperset(typed)  # "jalan baru"
            if common and not announced:
                continue
            cue = cue_of(spoken, start, end, part.source)
            if common and not (cue in _BY_CUE or (cue == "whole" and part.source == "address")):
                continue
            if everywhere or name.here or cue in _ANYWHERE:
                return _mention(part, (start, end), cue, numbers=name.numbers)
        return None

    def _known_of(self, key: str) -> _Name:
        numbers = self.gazetteer.find(key)
        return _Name(
            numbers=numbers,
            here=_is_here(numbers, self.area),
            common=key in self.common,
            spaced=any(" " in self.gazetteer.name(number) for number in numbers),
        )

    def _misspelled(
        self, unknown: Iterable[_Unknown], announcing: Sequence[Cue], area: Area
    ) -> Iterator[Mention]:
        for part, start in unknown:
            spoken = part.spoken
            if ANNOUNCED[spoken[start - 1]] not in announcing or spoken[start] in EMPTY:
                continue
            cue = cue_of(spoken, start, start + 1, part.source)
            known = spellings_in(self.gazetteer, area, cue)
            for end in range(min(start + _MISSPELLED_LONGEST, len(spoken)), start, -1):
                key = "".join(spoken[start:end])
                close = None if key in self.common else known.closest(key)
                if close:
                    yield _mention(part, (start, end), cue, numbers=close, typo=True)
                    break

    def _scoped(
        self, mention: Mention, wholes: Sequence[Number], around: Sequence[Mention]
    ) -> Mention | None:
        """A mention with what it can mean here; None where it can mean nothing."""
        small, own = self._meant[mention.numbers, mention.cue]
        kept = [n for n in small if any(lies_in(n, whole) for whole in wholes)] if wholes else []
        kept += [number for number in own if number not in kept]
        if around and not kept:
            kept = _elsewhere(mention, small, around)
        return with_meanings(mention, kept) if kept else None

    def _meant_by(self, said: tuple[tuple[Number, ...], Cue]) -> _Meant:
        numbers, cue = said
        small = [number for number in numbers if number % REGENCY]
        if cue == "district":
            small = [number for number in small if number % DISTRICT == 0] or small
        elif cue == "village":
            small = [number for number in small if number % DISTRICT] or small
        elif cue in _LARGE or (len(small) < len(numbers) and not is_own(numbers, self.area)):
            small = []  # "Sleman" is the regency, unless it says more
        own = [number for number in small if lies_in_area(number, self.area)] if self.area else ()
        return _Meant(tuple(small), tuple(own))


def _elsewhere(
    mention: Mention, small: Sequence[Number], around: Sequence[Mention]
) -> list[Number]:
    """Outside the tenant's area: with what it lies in, or announced and nearly unique."""
    districts = {
        number
        for other in around
        if other is not mention and other.cue != "village"
        for number in other.numbers
        if level_of(number) == "kecamatan"
    }
    together = [number for number in small if number - number % DISTRICT in districts]
    if together:
        return together
    announced = {n for other in around if other.cue in SMALL for n in other.numbers}
    inside = [n for n in small if any(lies_in(each, n) and each != n for each in announced)]
    if inside:
        return inside
    if mention.cue in SMALL and len(small) <= MOST_NAMESAKES:
        return list(small)
    return []


def _mention(
    part: Part,
    span: tuple[int, int],
    cue: Cue,
    *,
    numbers: tuple[Number, ...],
    typo: bool = False,
) -> Mention:
    spoken = part.spoken
    start, end = span
    following = spoken[end] if end < len(spoken) else ""
    after = "direction" if following in DIRECTIONS else "count" if is_count(following) else ""
    words = " ".join(spoken[start:end])
    return Mention(
        words=f"{spoken[start - 1]} {words}" if cue in _LARGE else words,
        cue=cue,
        source=part.source,
        numbers=numbers,
        after=after,
        typo=typo,
        start=part.before + start,
        end=part.before + end,
    )


def _start(mention: Mention) -> int:
    return mention.start


def _is_here(numbers: Iterable[Number], area: Area) -> bool:
    """Whether a name with nothing before it can be meant: in this area, or a regency."""
    return any(number % REGENCY == 0 or lies_in_area(number, area) for number in numbers)
