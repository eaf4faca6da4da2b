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
from functools import lru_cache
from typing import TypeAlias

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
# What is said everywhere tells no place.
_MOST_VILLAGES = 30
_SPELLINGS = 8_192
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


#: Where a phrase starts and ends among the words of its part, and its spelling.
Phrase: TypeAlias = tuple[int, int, str]


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

    def called(self) -> str:
        """What it is made of, in words for a person."""
        reports, villages = sum(self._file.reports), len(self._file.villages)
        return f"{len(self)} phrases of {reports} reports from {villages} villages"

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
        raise StreetsError("streets.json: was made by another version; run places learn again")
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
        fields: tuple[tuple[str, Source, int], ...] = (
            (address, "address", _IN_ADDRESS),
            (text, "text", _IN_TEXT),
        )
        for said, source, worth in fields:
            for spoken in parts(said):
                for start, end, key in phrases(spoken, source):
                    weights[key] = max(worth, weights.get(key, 0))
                    if not STREET.isdisjoint(spoken[max(0, start - _REACH) : end]):
                        sure.add(key)
        for key, worth in weights.items():
            villages = counts.setdefault(key, {})
            villages[village] = min(_MOST, villages.get(village, 0) + worth)
    kept = {
        key: villages
        for key, villages in counts.items()
        if len(villages) <= _MOST_VILLAGES and (key in sure or sum(villages.values()) > _IN_ADDRESS)
    }
    return _packed(kept, heard, most_phrases)


def phrases(spoken: Sequence[str], source: Source) -> Iterator[Phrase]:
    """The phrases of one part that may tell where it is."""
    written = _written(spoken, source)
    for start, first in enumerate(written):
        key = ""
        telling = False
        # Behind the last word of the reach a phrase may go on, but none begins.
        for end in range(start, min(start + LONGEST, len(spoken))) if first else ():
            word = written[end] or _one_written(spoken, end)
            if not word:
                break
            key += f"/{word}" if key and word[0].isdigit() else word
            telling = telling or (len(word) > 1 and word.isalpha() and spoken[end] not in EMPTY)
            if telling:
                yield start, end + 1, key


def _written(spoken: Sequence[str], source: Source) -> list[str]:
    """Every word a phrase may begin with, in one spelling; empty for the others."""
    if source == "address":
        return [_one_written(spoken, at) for at in range(len(spoken))]
    written = [""] * len(spoken)
    last = -_REACH - 1
    for at, word in enumerate(spoken):
        if word in ANNOUNCING:
            last = at
        elif at <= last + _REACH:
            written[at] = _one_written(spoken, at)
    return written


def _one_written(spoken: Sequence[str], at: int) -> str:
    """A word in one spelling; empty for a house number or any other number that tells nothing."""
    word = spoken[at]
    if not word.isdigit():
        before_number = at > 0 and spoken[at - 1] in {"no", "nomor"}
        return ROMAN[word] if word in ROMAN and not before_number else _one_spelling(word)
    numbered = at > 0 and spoken[at - 1] in _NUMBERED
    return word.lstrip("0") if numbered and len(word) < 3 else ""  # noqa: PLR2004 (gang 12)


@lru_cache(maxsize=_SPELLINGS)
def _one_spelling(word: str) -> str:
    return _TWICE.sub(r"\1", word).replace("oe", "u").replace("dj", "j").replace("tj", "c")


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
