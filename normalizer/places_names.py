"""
Names of places in a text: which of them it means, as far as words around them and the tenant tell.

A name in the tenant's area is taken before its namesakes elsewhere; those elsewhere count where the
text names their regency or city too, or says "desa" or "kecamatan" before them. A village called
like an ordinary word ("Air", "Baru") counts only where a word announces it. Behind such a word a
misspelled name is understood as well, if exactly one name comes close.
"""

from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from normalizer.gazetteer import (
    DISTRICT,
    REGENCY,
    Gazetteer,
    Number,
    level_of,
    lies_in,
    spelling,
    width,
)
from normalizer.places_meaning import SMALL, Mention, Named, chained, large_in, with_meanings
from normalizer.places_words import DIRECTIONS, EMPTY, VILLAGE, Cue, Source, cue_of, is_count, parts
from normalizer.places_words import DISTRICT as DISTRICT_WORDS
from normalizer.places_words import PROVINCE as PROVINCE_WORDS
from normalizer.places_words import REGENCY as REGENCY_WORDS

_LONGEST = 4
_FUZZY_LONGEST = 3
# A table larger than this is not searched for misspelled names: it takes too long, and too many
# names come close.
_FUZZY_MOST = 2_500
_FUZZY_LEAST_LETTERS = 5
_TWO_ERRORS_FROM = 9
_FEW_LETTERS = 2
#: More namesakes than these are no help in a question.
MOST_NAMESAKES = 5
_CACHED_SCOPES = 8
# Words that begin no name, and stand in every text.
_NO_BEGINNING = frozenset({"di", "ke", "dari", "yang", "dan", "untuk", "kec", "kel", "kecamatan"})
_ANNOUNCED_SMALL = VILLAGE | DISTRICT_WORDS
_ANNOUNCED = _ANNOUNCED_SMALL | REGENCY_WORDS | PROVINCE_WORDS


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a gazetteer and the ordinary words among them."""

    gazetteer: Gazetteer
    common: frozenset[str] = field(default_factory=frozenset)

    def find_in(self, address: str, text: str, tenant: Number) -> Named:
        """The names in an address and a text."""
        fields: tuple[tuple[str, Source], ...] = ((address, "address"), (text, "text"))
        said = [(spoken, source) for field, source in fields for spoken in parts(field)]
        raw = self._all(said, tenant)
        if not raw:
            return Named((), ())
        large = tuple(large_in(raw, tenant))
        wholes = {
            number
            for mention in large
            for number in mention.numbers
            if not lies_in(tenant, number) or not tenant
        }
        if tenant and any(not lies_in(whole, tenant) for whole in wholes):
            raw = self._all(said, 0)
        scoped = (self._scoped(mention, tenant, wholes, raw) for mention in raw)
        return Named(chained([m for m in scoped if m], large), large)

    def _all(self, said: Iterable[tuple[list[str], Source]], tenant: Number) -> list[Mention]:
        found: list[Mention] = []
        before = 0
        for spoken, source in said:
            found += self._mentions(spoken, source, tenant, before)
            before += len(spoken)
        return found

    def _mentions(
        self, spoken: list[str], source: Source, tenant: Number, before: int
    ) -> Iterator[Mention]:
        at = 0
        while at < len(spoken):
            found = self._longest(spoken, at, source, tenant)
            if not found and tenant and at and spoken[at - 1] in _ANNOUNCED_SMALL:
                found = self._misspelled(spoken, at, source, tenant)
            if found:
                mention, end = found
                yield replace(mention, start=before + at, end=before + end)
                at = end
            else:
                at += 1

    def _longest(
        self, spoken: list[str], start: int, source: Source, tenant: Number
    ) -> tuple[Mention, int] | None:
        if spoken[start] in _NO_BEGINNING:
            return None
        announced = start == 0 or spoken[start - 1] in _ANNOUNCED or not tenant
        known = self.gazetteer.keys if announced else _keys_in(self.gazetteer, tenant)
        typed = spoken[start : start + _LONGEST]
        key = "".join(typed)
        end = start + len(typed)
        for word in reversed(typed):
            if key in known and (end - start == 1 or self._is_written_so(spoken[start:end], key)):
                numbers = self.gazetteer.find(key)
                cue = cue_of(spoken, start, end, source)
                common = self._is_common(key, spoken[start:end])
                common = common and not _counts_though_common(cue, source)
                if not common and (_counts_anywhere(cue) or _is_here(numbers, tenant)):
                    return _mention(spoken, (start, end), cue, source, numbers=numbers), end
            key = key[: -len(word)]
            end -= 1
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
        self, spoken: Sequence[str], start: int, source: Source, tenant: Number
    ) -> tuple[Mention, int] | None:
        cue = cue_of(spoken, start, start + 1, source)
        if spoken[start] in EMPTY or not spoken[start].isalpha():
            return None
        known = _names_in(self.gazetteer, tenant, cue)
        for end in range(min(start + _FUZZY_LONGEST, len(spoken)), start, -1):
            key = "".join(spoken[start:end])
            close = _closest(key, known) if key.isalpha() and key not in self.common else None
            if close:
                mention = _mention(spoken, (start, end), cue, source, numbers=close, typo=True)
                return mention, end
        return None

    def _scoped(
        self, mention: Mention, tenant: Number, wholes: Collection[Number], raw: Sequence[Mention]
    ) -> Mention | None:
        """A mention with what it can mean here; None where it can mean nothing."""
        small = [number for number in mention.numbers if number % REGENCY]
        if mention.cue == "district":
            small = [number for number in small if number % DISTRICT == 0] or small
        elif mention.cue == "village":
            small = [number for number in small if number % DISTRICT] or small
        elif mention.cue in ("regency", "province"):
            return None
        elif len(small) < len(mention.numbers):
            return None  # "Sleman" is the regency, unless it says more
        kept = [number for number in small if any(lies_in(number, whole) for whole in wholes)]
        if tenant:
            kept += [number for number in small if lies_in(number, tenant) and number not in kept]
        kept = kept or self._elsewhere(mention, small, raw)
        return with_meanings(mention, kept) if kept else None

    def _elsewhere(
        self, mention: Mention, small: Sequence[Number], raw: Sequence[Mention]
    ) -> list[Number]:
        """Outside the tenant's area: with its district named, or announced and nearly unique."""
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
        if mention.cue in SMALL and len(small) <= MOST_NAMESAKES:
            return list(small)
        return []


def _mention(  # noqa: PLR0913 (all that a mention is)
    spoken: Sequence[str],
    span: tuple[int, int],
    cue: Cue,
    source: Source,
    *,
    numbers: tuple[Number, ...],
    typo: bool = False,
) -> Mention:
    start, end = span
    following = spoken[end] if end < len(spoken) else ""
    after = "direction" if following in DIRECTIONS else "count" if is_count(following) else ""
    before = spoken[start - 1] if cue in ("regency", "province") else ""
    return Mention(
        words=" ".join((before, *spoken[start:end])).strip(),
        cue=cue,
        source=source,
        numbers=numbers,
        after=after,
        typo=typo,
    )


def _counts_though_common(cue: Cue, source: Source) -> bool:
    return cue in (*SMALL, "regency", "province") or (cue == "whole" and source == "address")


@lru_cache(maxsize=_CACHED_SCOPES)
def _keys_in(gazetteer: Gazetteer, tenant: Number) -> Container[str]:
    return gazetteer.keys_in(tenant)


def _counts_anywhere(cue: Cue) -> bool:
    return cue in (*SMALL, "regency", "province", "whole")


def _is_here(numbers: Iterable[Number], tenant: Number) -> bool:
    """Whether a name with nothing before it can be meant: in this area, or a regency."""
    return any(lies_in(number, tenant) or number % REGENCY == 0 for number in numbers)


@lru_cache(maxsize=_CACHED_SCOPES)
def _names_in(gazetteer: Gazetteer, tenant: Number, cue: Cue) -> dict[str, tuple[Number, ...]]:
    """The names of a tenant's villages or districts; nothing for an area with too many."""
    if width(tenant) > REGENCY and len(gazetteer.within(tenant)) > _FUZZY_MOST:
        return {}
    names: dict[str, tuple[Number, ...]] = {}
    for number in gazetteer.within(tenant):
        if number % REGENCY and (number % DISTRICT == 0) == (cue == "district"):
            key = spelling(gazetteer.name(number))
            names[key] = (*names.get(key, ()), number)
    return names


def _closest(key: str, known: dict[str, tuple[Number, ...]]) -> tuple[Number, ...] | None:
    """The one name that is a slip of the finger away."""
    if len(key) < _FUZZY_LEAST_LETTERS:
        return None
    allowed = 2 if len(key) >= _TWO_ERRORS_FROM else 1
    close = process.extract(
        key, known.keys(), scorer=DamerauLevenshtein.distance, score_cutoff=allowed, limit=2
    )
    if not close or (len(close) > 1 and close[0][1] == close[1][1]):
        return None
    return known[close[0][0]]
