"""
Names of places in a text: which of them it means, as far as words around them and the tenant tell.

A name in the tenant's area is taken before its namesakes elsewhere; those elsewhere count where the
text names their regency or city too, or says "desa" or "kecamatan" before them. A village called
like an ordinary word ("Air", "Baru") counts only where a word announces it. Behind such a word a
misspelled name is understood as well, if exactly one name comes close.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

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
from normalizer.places_words import DIRECTIONS, EMPTY, VILLAGE, Cue, Source, cue_of, is_count, parts
from normalizer.places_words import DISTRICT as DISTRICT_WORDS
from normalizer.places_words import PROVINCE as PROVINCE_WORDS
from normalizer.places_words import REGENCY as REGENCY_WORDS

_MISSPELLED_LONGEST = 3
_FEW_LETTERS = 2
#: More namesakes than these are no help in a question.
MOST_NAMESAKES = 5
_ANNOUNCED_SMALL = VILLAGE | DISTRICT_WORDS
_ANNOUNCED_LARGE = REGENCY_WORDS | PROVINCE_WORDS
_ANNOUNCED = _ANNOUNCED_SMALL | _ANNOUNCED_LARGE


@dataclass(frozen=True, slots=True)
class _Part:
    """The words between two commas, and how many words stand before them."""

    spoken: list[str]
    source: Source
    before: int


@dataclass(frozen=True, slots=True)
class _Scope:
    """What names are looked for where nothing announces one."""

    index: Index
    area: Area


#: A word behind "desa" or "kab" that is no name as it stands: its part, and where in it.
_Unknown: TypeAlias = tuple[_Part, int]


class Names:
    """The names of a gazetteer, the ordinary words among them, and the tenant's area."""

    def __init__(
        self, gazetteer: Gazetteer, common: frozenset[str] = frozenset(), area: Area = ()
    ) -> None:
        self.gazetteer = gazetteer
        self.common = common
        self.area = area
        self._anywhere = _Scope(Index(gazetteer.keys_in(())), ())
        self._here = _Scope(Index(gazetteer.keys_in(area)), area) if area else self._anywhere

    def find_in(self, address: str, text: str) -> Named:
        """The names in an address and a text."""
        said = _parts(address, text)
        raw, unknown = self._read(said, self._here)
        if not raw and not unknown:
            return Named((), ())
        raw += self._misspelled(unknown, _ANNOUNCED_LARGE, ())
        large = tuple(large_in(raw, self.area))
        wholes = tuple(
            dict.fromkeys(
                number
                for mention in large
                for number in mention.numbers
                if not any(lies_in(own, number) for own in self.area)
            )
        )
        if self.area and (
            any(not lies_in_area(whole, self.area) for whole in wholes)
            or any(
                mention.cue in SMALL and not _is_here(mention.numbers, self.area) for mention in raw
            )
        ):
            raw, unknown = self._read(said, self._anywhere)
        raw += self._misspelled(unknown, _ANNOUNCED_SMALL, wholes or self.area)
        raw.sort(key=lambda mention: mention.start)
        scoped = (self._scoped(mention, wholes, raw) for mention in raw)
        return Named(chained([m for m in scoped if m], large), large)

    def _read(self, said: Iterable[_Part], scope: _Scope) -> tuple[list[Mention], list[_Unknown]]:
        found: list[Mention] = []
        unknown: list[_Unknown] = []
        for part in said:
            spoken = part.spoken
            end = 0
            for at, word in enumerate(spoken):
                if at < end:
                    continue
                announced = at == 0 or spoken[at - 1] in _ANNOUNCED
                index = self._anywhere.index if announced else scope.index
                mention = None
                if index.begins(word):
                    mention = self._longest(part, at, index, scope.area, announced=announced)
                if mention:
                    found.append(mention)
                    end = mention.end - part.before
                elif announced and at:
                    unknown.append((part, at))
        return found, unknown

    def _longest(
        self, part: _Part, start: int, index: Index, area: Area, *, announced: bool
    ) -> Mention | None:
        spoken = part.spoken
        for end, key in index.ends(spoken, start):
            if end - start > 1 and not self._is_written_so(spoken[start:end], key):
                continue
            common = self._is_common(key, spoken[start:end])
            if common and not announced:
                continue
            cue = cue_of(spoken, start, end, part.source)
            if common and not _counts_though_common(cue, part.source):
                continue
            numbers = self.gazetteer.find(key)
            if _counts_anywhere(cue) or _is_here(numbers, area):
                return _mention(part, (start, end), cue, numbers=numbers)
        return None

    def _is_common(self, key: str, typed: Iterable[str]) -> bool:
        """Whether it is an ordinary word or made of such: "jalan baru"."""
        return key in self.common or self.common.issuperset(typed)

    def _is_written_so(self, typed: Sequence[str], key: str) -> bool:
        """Not "di no" for a village of Dino: small words count only where the name has them."""
        if min(map(len, typed)) > _FEW_LETTERS:
            return True
        return any(" " in self.gazetteer.name(number) for number in self.gazetteer.find(key))

    def _misspelled(
        self, unknown: Iterable[_Unknown], announcing: frozenset[str], area: Area
    ) -> Iterator[Mention]:
        for part, start in unknown:
            spoken = part.spoken
            if spoken[start - 1] not in announcing or spoken[start] in EMPTY:
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
        self, mention: Mention, wholes: Sequence[Number], raw: Sequence[Mention]
    ) -> Mention | None:
        """A mention with what it can mean here; None where it can mean nothing."""
        small = [number for number in mention.numbers if number % REGENCY]
        if mention.cue == "district":
            small = [number for number in small if number % DISTRICT == 0] or small
        elif mention.cue == "village":
            small = [number for number in small if number % DISTRICT] or small
        elif mention.cue in ("regency", "province"):
            return None
        elif len(small) < len(mention.numbers) and not is_own(mention.numbers, self.area):
            return None  # "Sleman" is the regency, unless it says more
        kept = [number for number in small if any(lies_in(number, whole) for whole in wholes)]
        if self.area:
            kept += [n for n in small if lies_in_area(n, self.area) and n not in kept]
        kept = kept or self._elsewhere(mention, small, raw)
        return with_meanings(mention, kept) if kept else None

    def _elsewhere(
        self, mention: Mention, small: Sequence[Number], raw: Sequence[Mention]
    ) -> list[Number]:
        """Outside the tenant's area: with what it lies in, or announced and nearly unique."""
        districts = {
            number
            for other in raw
            if other is not mention and other.cue in ("district", "whole")
            for number in other.numbers
            if level_of(number) == "kecamatan"
        }
        together = [number for number in small if number - number % DISTRICT in districts]
        if together:
            return together
        announced = {n for other in raw if other.cue in SMALL for n in other.numbers}
        around = [n for n in small if any(lies_in(each, n) and each != n for each in announced)]
        if around:
            return around
        if mention.cue in SMALL and len(small) <= MOST_NAMESAKES:
            return list(small)
        return []


def _parts(address: str, text: str) -> list[_Part]:
    fields: tuple[tuple[str, Source], ...] = ((address, "address"), (text, "text"))
    said: list[_Part] = []
    before = 0
    for field, source in fields:
        for spoken in parts(field):
            said.append(_Part(spoken, source, before))
            before += len(spoken)
    return said


def _mention(
    part: _Part,
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
    before = spoken[start - 1] if cue in ("regency", "province") else ""
    return Mention(
        words=" ".join((before, *spoken[start:end])).strip(),
        cue=cue,
        source=part.source,
        numbers=numbers,
        after=after,
        typo=typo,
        start=part.before + start,
        end=part.before + end,
    )


def _counts_though_common(cue: Cue, source: Source) -> bool:
    return cue in (*SMALL, "regency", "province") or (cue == "whole" and source == "address")


def _counts_anywhere(cue: Cue) -> bool:
    return cue in (*SMALL, "regency", "province", "whole")


def _is_here(numbers: Iterable[Number], area: Area) -> bool:
    """Whether a name with nothing before it can be meant: in this area, or a regency."""
    return any(number % REGENCY == 0 or lies_in_area(number, area) for number in numbers)
