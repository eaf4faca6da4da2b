"""
Streets, estates and landmarks of a tenant, learned from its own past reports with a known village.

How often a phrase stood in reports about a village is counted, and how much it speaks for one
village against another is learned (places_linear). A phrase that a single report had is kept only
behind a street word, so that no person's name or doorstep is learned. The table is bounded.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

import msgspec

from normalizer.places_linear import Table, evened, learn_weights
from normalizer.places_phrases import REACH, phrases
from normalizer.places_words import STREET, Source, parts

#: Villages with the reports of a phrase, or with its weight: one number each.
Packed: TypeAlias = int | list[int]

VERSION = "2"
MOST_PHRASES = 60_000
# A count is kept in half reports: an address is worth 2, a text 1.
_IN_ADDRESS, _IN_TEXT = 2, 1
#: What a phrase is worth beside others of its report.
WORTH: Mapping[Source, float] = {"address": 1.0, "text": 0.6}
_MOST = 0xFFF
# What is said everywhere tells no place.
_MOST_VILLAGES = 30
_VILLAGE_SHIFT = 12
_ZERO, _HUNDRED = 2_048, 100


class StreetsError(Exception):
    """A learned table cannot be used; the message says why."""


class _File(msgspec.Struct, frozen=True, kw_only=True):
    """
    streets.json: a phrase has one number or several, each `village << 12 | count`.

    Weights are in hundredths, 2048 added: `village << 12 | 2048 + 100 * weight`.
    """

    version: str
    #: The villages' codes as numbers, and how many reports each had.
    villages: list[int]
    reports: list[int]
    phrases: dict[str, Packed]
    weights: dict[str, Packed]


@dataclass(frozen=True, slots=True)
class Streets:
    """Which villages a phrase was heard from."""

    _file: _File

    def heard(self, key: str) -> Packed | None:
        """What is known of a phrase, for `share` and `total`; None where nobody had it."""
        return self._file.phrases.get(key)

    def share(self, packed: Packed) -> dict[int, float]:
        """The villages with the number of reports that had a phrase."""
        villages = self._file.villages
        return {
            villages[one >> _VILLAGE_SHIFT]: (one & _MOST) / _IN_ADDRESS for one in _each(packed)
        }

    def scores(self, heard: Mapping[str, float]) -> dict[int, float]:
        """How much the phrases of a report speak for each village; `heard` tells their worth."""
        scores: defaultdict[int, float] = defaultdict(float)
        weights = self._file.weights
        for phrase, worth in evened(heard).items():
            packed = weights.get(phrase)
            for one in _each(packed) if packed is not None else ():
                scores[one >> _VILLAGE_SHIFT] += worth * ((one & _MOST) - _ZERO)
        return {self._file.villages[at]: score / _HUNDRED for at, score in scores.items()}

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


def total(packed: Packed) -> float:
    """How many reports had a phrase."""
    return sum([one & _MOST for one in _each(packed)]) / _IN_ADDRESS


def _each(packed: Packed) -> Sequence[int]:
    return (packed,) if isinstance(packed, int) else packed


def read_streets(content: bytes) -> Streets:
    """A table that `encode` wrote; StreetsError where it is none."""
    try:
        file = msgspec.json.decode(content, type=_File)
    except msgspec.DecodeError as exc:
        raise StreetsError(f"streets.json: {exc}") from exc
    packed = chain(file.phrases.values(), file.weights.values())
    most = max((one >> _VILLAGE_SHIFT for each in packed for one in _each(each)), default=-1)
    if file.version != VERSION or most >= len(file.villages):
        raise StreetsError("streets.json: was made by another version; run places learn again")
    return Streets(file)


def learn_streets(
    reports: Iterable[tuple[str, str, int]], most_phrases: int = MOST_PHRASES
) -> Streets:
    """Learn from (address, text, number of the village), in any order."""
    counts: dict[str, dict[int, int]] = {}
    sure: set[str] = set()
    villages: list[int] = []
    said: list[dict[str, int]] = []
    for address, text, village in reports:
        weights = _phrases_of(address, text, sure)
        for key, worth in weights.items():
            of_key = counts.setdefault(key, {})
            of_key[village] = min(_MOST, of_key.get(village, 0) + worth)
        villages.append(village)
        said.append(weights)
    kept = {
        key: of_key
        for key, of_key in counts.items()
        if len(of_key) <= _MOST_VILLAGES and (key in sure or sum(of_key.values()) > _IN_ADDRESS)
    }
    best = _telling_most(kept, most_phrases)
    weights_of = learn_weights(
        ({key: _worth(count) for key, count in sorted(each.items()) if key in best}, village)
        for each, village in zip(said, villages, strict=True)
    )
    return _packed(best, weights_of, Counter(villages))


def _worth(count: int) -> float:
    return WORTH["address" if count == _IN_ADDRESS else "text"]


def _phrases_of(address: str, text: str, sure: set[str]) -> dict[str, int]:
    """The phrases of a report with their worth; those behind a street word become sure ones."""
    weights: dict[str, int] = {}
    fields: tuple[tuple[str, Source, int], ...] = (
        (address, "address", _IN_ADDRESS),
        (text, "text", _IN_TEXT),
    )
    for said, source, worth in fields:
        for spoken in parts(said):
            for start, end, key in phrases(spoken, source):
                weights[key] = max(worth, weights.get(key, 0))
                if not STREET.isdisjoint(spoken[max(0, start - REACH) : end]):
                    sure.add(key)
    return weights


def _telling_most(
    counts: Mapping[str, Mapping[int, int]], most: int
) -> Mapping[str, Mapping[int, int]]:
    """The phrases that tell most: often heard, from few villages."""
    best = sorted(
        counts, key=lambda key: (-max(counts[key].values()) / len(counts[key]), len(key), key)
    )[:most]
    return {key: counts[key] for key in sorted(best)}


def _packed(
    counts: Mapping[str, Mapping[int, int]], weights: Table, heard: Mapping[int, int]
) -> Streets:
    villages = sorted(heard)
    index = {village: at << _VILLAGE_SHIFT for at, village in enumerate(villages)}
    return Streets(
        _File(
            version=VERSION,
            villages=villages,
            reports=[heard[village] for village in villages],
            phrases={
                key: _one_or_more([index[v] | count for v, count in sorted(each.items())])
                for key, each in counts.items()
            },
            weights={
                key: _one_or_more([index[v] | _hundredths(w) for v, w in sorted(each.items())])
                for key, each in sorted(weights.items())
            },
        )
    )


def _hundredths(weight: float) -> int:
    return min(_MOST, max(0, _ZERO + round(_HUNDRED * weight)))


def _one_or_more(numbers: list[int]) -> Packed:
    return numbers[0] if len(numbers) == 1 else numbers
