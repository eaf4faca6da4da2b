"""
Streets, estates and landmarks of a tenant, learned from its own past reports with a known village.

From each report the words of the address, and those of the text behind a word such as "jalan", are
cut into phrases of one to four words; how often a phrase stood in reports about a village is
counted. House numbers are left out, and a phrase that a single report had is kept only behind a
street word, so that no person's name or doorstep is learned. The table is bounded.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from normalizer.places_words import ANNOUNCING, EMPTY, ROMAN, STREET, Source, parts

VERSION = "1"
#: A phrase of more words is seldom written twice in the same way.
LONGEST = 4
MOST_PHRASES = 60_000
# So many words behind an announcing word of a text are looked up.
_REACH = 3
_TWICE = re.compile(r"(.)\1+")
_NUMBERED = frozenset({"gg", "gang", "rt", "rw", "blok"})
# A count is kept in half reports: an address is worth 2, a text 1.
_IN_ADDRESS, _IN_TEXT = 2, 1
_MOST = 0xFFF
_VILLAGE_SHIFT = 12


class StreetsError(Exception):
    """A learned table cannot be used; the message says why."""


class _File(msgspec.Struct, frozen=True, kw_only=True):
    """streets.json: a phrase has one number or several, each `village << 12 | count`."""

    version: str
    #: The villages' codes as numbers, and how many reports each had.
    villages: list[int]
    reports: list[int]
    phrases: dict[str, int | list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """Words of a text that were looked up."""

    start: int
    end: int
    key: str


@dataclass(frozen=True, slots=True)
class Streets:
    """Which villages a phrase was heard from."""

    _file: _File

    def share(self, key: str) -> Mapping[int, float] | None:
        """Villages with the number of reports that had this phrase; None where nobody had it."""
        packed = self._file.phrases.get(key)
        if packed is None:
            return None
        each = (packed,) if isinstance(packed, int) else packed
        villages = self._file.villages
        return {villages[one >> _VILLAGE_SHIFT]: (one & _MOST) / _IN_ADDRESS for one in each}

    def priors(self) -> Mapping[int, float]:
        """The share of all reports each village had."""
        total = sum(self._file.reports) or 1
        both = zip(self._file.villages, self._file.reports, strict=True)
        return {village: count / total for village, count in both}

    def __len__(self) -> int:
        return len(self._file.phrases)

    def encode(self) -> bytes:
        """As JSON."""
        return msgspec.json.encode(self._file)


def read_streets(content: bytes) -> Streets:
    """A table that `encode` wrote; StreetsError where it is none."""
    try:
        file = msgspec.json.decode(content, type=_File)
    except msgspec.DecodeError as exc:
        raise StreetsError(f"streets.json: {exc}") from exc
    packed = (each if isinstance(each, list) else (each,) for each in file.phrases.values())
    most = max((one >> _VILLAGE_SHIFT for each in packed for one in each), default=-1)
    if file.version != VERSION or most >= len(file.villages):
        raise StreetsError("streets.json: was made by another version; train again")
    return Streets(file)


def learn_streets(
    reports: Iterable[tuple[str, str, int]], most_phrases: int = MOST_PHRASES
) -> Streets:
    """Learn from (address, text, number of the village), in any order."""
    counts: dict[str, dict[int, int]] = {}
    sure: set[str] = set()
    heard: dict[int, int] = {}
    for address, text, village in reports:
        heard[village] = heard.get(village, 0) + 1
        weights: dict[str, int] = {}
        for said, source, worth in ((address, "address", _IN_ADDRESS), (text, "text", _IN_TEXT)):
            for spoken in parts(said):
                for phrase in phrases(spoken, source):  # type: ignore[arg-type]
                    weights[phrase.key] = max(worth, weights.get(phrase.key, 0))
                    if _behind_street(spoken, phrase):
                        sure.add(phrase.key)
        for key, worth in weights.items():
            villages = counts.setdefault(key, {})
            villages[village] = min(_MOST, villages.get(village, 0) + worth)
    kept = {
        key: villages
        for key, villages in counts.items()
        if key in sure or sum(villages.values()) > _IN_ADDRESS
    }
    return _packed(kept, heard, most_phrases)


def phrases(spoken: Sequence[str], source: Source) -> Iterator[Phrase]:
    """The phrases of one part that may tell where it is."""
    written = [_written(spoken, at) for at in range(len(spoken))]
    active = _active(spoken, source)
    for start in range(len(spoken)):
        if not active[start] or not written[start]:
            continue
        key = ""
        telling = False
        for end in range(start, min(start + LONGEST, len(spoken))):
            word = written[end]
            if not word:
                break
            key += f"/{word}" if key and word[0].isdigit() else word
            telling = telling or (spoken[end] not in EMPTY and len(word) > 1 and word.isalpha())
            if telling:
                yield Phrase(start=start, end=end + 1, key=key)


def _written(spoken: Sequence[str], at: int) -> str:
    """A word in one spelling; empty for a house number or any other number that tells nothing."""
    word = spoken[at]
    before = spoken[at - 1] if at else ""
    if word in ROMAN and before not in {"no", "nomor"}:
        return ROMAN[word]
    if not word.isdigit():
        return _TWICE.sub(r"\1", word).replace("oe", "u").replace("dj", "j").replace("tj", "c")
    return word.lstrip("0") if before in _NUMBERED and len(word) < 3 else ""  # noqa: PLR2004 (gang 12)


def _active(spoken: Sequence[str], source: Source) -> list[bool]:
    if source == "address":
        return [True] * len(spoken)
    active = []
    last = -len(spoken) - _REACH
    for at, word in enumerate(spoken):
        if word in ANNOUNCING:
            last = at
            active.append(False)
        else:
            active.append(at <= last + _REACH)
    return active


def _behind_street(spoken: Sequence[str], phrase: Phrase) -> bool:
    return any(word in STREET for word in spoken[max(0, phrase.start - 3) : phrase.end])


def _packed(
    counts: Mapping[str, Mapping[int, int]], heard: Mapping[int, int], most: int
) -> Streets:
    """The phrases that tell most: often heard, from few villages."""
    best = sorted(
        counts, key=lambda key: (-max(counts[key].values()) / len(counts[key]), len(key), key)
    )[:most]
    villages = sorted(heard)
    index = {village: at for at, village in enumerate(villages)}
    table: dict[str, int | list[int]] = {}
    for key in sorted(best):
        each = [index[v] << _VILLAGE_SHIFT | count for v, count in sorted(counts[key].items())]
        table[key] = each[0] if len(each) == 1 else each
    return Streets(
        _File(
            version=VERSION,
            villages=villages,
            reports=[heard[village] for village in villages],
            phrases=table,
        )
    )
