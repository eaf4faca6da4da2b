"""
A model learned from officers' corrections: what it makes of a report, with its reasons.

Linear: each bucket has one weight per label, and a report's score for a label is the sum over its
buckets. Scores become a confidence by one factor that was fitted on held-back reports; below the
threshold the model abstains. A file is a head of JSON, a table from bucket to row, and the rows.

A row is taken as one long number with 32 bits for each label, so that adding two numbers adds all
labels at once. Sums of a word are remembered, because words come again.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, sqrt
from operator import itemgetter
from typing import NamedTuple

import msgspec

from normalizer.model_features import (
    BUCKETS,
    HINT,
    PAIR,
    SHAPE,
    Evidence,
    Hint,
    blocks_of,
    buckets_of,
    length_of,
)

MAGIC = b"lapor-model 1\n"
MOST_ROWS = 0xFFFF
#: What a weight of nothing is written as; weights are 16 bits, and this keeps them positive.
ZERO = 0x8000
_LANE = 32
_ONE_LANE = (1 << _LANE) - 1
_LENGTH = struct.Struct("<I")
_MOST_REASONS = 5
_MOST_LABELS = 3
_REMEMBERED = 8_192
_DIGITS = 2


class _Part(NamedTuple):
    """What a unit is: its rarity squared, how many rows it has, and their sum, label by label."""

    square: float
    rows: int
    lanes: int


class _Found(NamedTuple):
    """A unit of a report that the model knows, and what it counts for there."""

    unit: str
    weight: float
    part: _Part


_NOTHING = _Part(0.0, 0, 0)


class ModelError(Exception):
    """A file is no model this program can use; the message says why."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What a model is and how well it did on reports it was not shown."""

    task: str
    version: str
    trained_at: str
    labels: tuple[str, ...]
    #: What each label has before anything is read.
    bias: tuple[float, ...]
    #: Scores times this, through a softmax, are confidences.
    sharpness: float
    #: What a weight of one in the file stands for.
    grain: float
    #: Below this confidence the model abstains.
    threshold: float
    rows: int
    #: How many reports it learned from, and the figures of its held-back fifths.
    examples: int = 0
    figures: Mapping[str, float] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model says of a report."""

    #: None where it abstains.
    value: str | None
    confidence: float
    #: The likeliest labels with their confidence, best first, at most three.
    best: tuple[tuple[str, float], ...]
    #: The report's words that decided, weightiest first.
    why: tuple[str, ...]


class Model:
    """A model that can be asked."""

    def __init__(self, content: bytes | memoryview) -> None:
        """Read a model file; ModelError where it is none."""
        view = memoryview(content)
        self.head, start = _head(view)
        end = start + BUCKETS * 2
        kinds = len(self.head.labels)
        self._row = struct.Struct(f"<f{kinds}H")
        self._lanes = struct.Struct(f"<{kinds}I")
        if len(view) != end + self.head.rows * self._row.size:
            raise ModelError("it is cut off")
        self._index = view[start:end].cast("H")
        self._rows = view[end:]
        self._parts: dict[str, _Part] = {}

    def ask(self, evidence: Evidence) -> Answer:
        """What it says of a report."""
        groups = [self._known(block) for block in blocks_of(evidence)]
        groups += [[hint] for hint in self._hinted(evidence.hints)]
        scores = list(self.head.bias)
        for group in groups:
            if group:
                added = self._added(group)
                scores = [score + one for score, one in zip(scores, added, strict=True)]
        confidences = _softmax(scores, self.head.sharpness)
        best = sorted(zip(self.head.labels, confidences, strict=True), key=itemgetter(1))
        best = best[: -_MOST_LABELS - 1 : -1]
        first, confidence = best[0]
        return Answer(
            value=first if confidence >= self.head.threshold else None,
            confidence=round(confidence, _DIGITS),
            best=tuple((label, round(share, _DIGITS)) for label, share in best),
            why=_reasons(groups, self.head.labels.index(first), evidence.hints),
        )

    def _known(self, block: Sequence[str]) -> list[_Found]:
        """The known units of a block, with the weight that gives the block its length."""
        part_of = self._sum if block[0][0] == PAIR else self._part
        parts = [(unit, part) for unit in block if (part := part_of(unit)).rows]
        length = sqrt(sum(part.square for _, part in parts))
        return [_Found(unit, length_of(block) / length, part) for unit, part in parts]

    def _hinted(self, hints: Iterable[Hint]) -> list[_Found]:
        units = ((HINT + hint.name, hint.weight) for hint in hints)
        return [
            _Found(unit, weight, part) for unit, weight in units if (part := self._part(unit)).rows
        ]

    def _added(self, group: Sequence[_Found]) -> list[float]:
        """What units of one weight add to the score of each label."""
        lanes = sum(found.part.lanes for found in group)
        nothing = sum(found.part.rows for found in group) * ZERO
        factor = group[0].weight * self.head.grain
        summed = self._lanes.unpack(lanes.to_bytes(self._lanes.size, "little"))
        return [(one - nothing) * factor for one in summed]

    def _part(self, unit: str) -> _Part:
        known = self._parts.get(unit)
        if known is None:
            if len(self._parts) >= _REMEMBERED:
                self._parts.clear()
            known = self._parts[unit] = self._sum(unit)
        return known

    def _sum(self, unit: str) -> _Part:
        """The sum of a unit's rows."""
        index, size = self._index, self._row.size
        ats = [at for bucket in buckets_of(unit) if (at := index[bucket])]
        if not ats:
            return _NOTHING
        square, lanes = 0.0, 0
        for at in ats:
            rarity, *weights = self._row.unpack_from(self._rows, (at - 1) * size)
            square += rarity * rarity
            lanes += int.from_bytes(self._lanes.pack(*weights), "little")
        return _Part(square, len(ats), lanes)


def write_model(head: Head, index: bytes, rows: bytes) -> bytes:
    """A model file: `index` has two bytes a bucket, a row a float of rarity and two a label."""
    described = msgspec.json.encode(head)
    described += b" " * (-len(MAGIC + described) % 2)
    return MAGIC + _LENGTH.pack(len(described)) + described + index + rows


def read_head(content: bytes | memoryview) -> Head:
    """What a file says of itself; ModelError where it is no model."""
    return _head(memoryview(content))[0]


def _head(view: memoryview) -> tuple[Head, int]:
    start = len(MAGIC) + _LENGTH.size
    if bytes(view[: len(MAGIC)]) != MAGIC or len(view) < start:
        raise ModelError("it is no model of this version")
    end = start + _LENGTH.unpack_from(view, len(MAGIC))[0]
    try:
        return msgspec.json.decode(bytes(view[start:end]), type=Head), end
    except msgspec.DecodeError as exc:
        raise ModelError(f"its head cannot be read: {exc}") from exc


def _softmax(scores: Sequence[float], sharpness: float) -> list[float]:
    most = max(scores)
    each = [exp(sharpness * (score - most)) for score in scores]
    total = sum(each)
    return [one / total for one in each]


def _reasons(
    groups: Iterable[Sequence[_Found]], best: int, hints: Iterable[Hint]
) -> tuple[str, ...]:
    """The words that speak most for the best label; a row's weights are zero on the average."""
    hinted = {HINT + hint.name: hint.why for hint in hints}
    shift = best * _LANE
    gains: dict[str, float] = {}
    for unit, weight, part in (found for group in groups for found in group):
        gain = weight * ((part.lanes >> shift & _ONE_LANE) - part.rows * ZERO)
        if gain <= 0 or unit[0] == SHAPE:
            continue
        for words in hinted[unit][:1] if unit[0] == HINT else (unit[1:],):
            gains[words] = max(gain, gains.get(words, 0.0))
    ordered = sorted(gains.items(), key=lambda item: (-item[1], item[0]))
    return tuple(words for words, _ in ordered[:_MOST_REASONS])
