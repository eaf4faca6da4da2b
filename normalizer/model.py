"""
A model learned from officers' corrections: what it makes of a report, with its reasons.

Linear: each bucket has one weight per label, and a report's score for a label is the sum over its
buckets. Scores become a confidence by one factor that was fitted on held-back reports; below the
threshold the model abstains. A file is a head of JSON, a table from bucket to row, and the rows.

A row is taken as one long number with 64 bits for each label, so that adding two numbers adds all
labels at once, and one product weighs them all. Sums of a word are remembered, because words come
again.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp, sqrt
from operator import itemgetter
from typing import NamedTuple

import msgspec

from normalizer.model_features import (
    BUCKETS,
    HINT,
    PAIR,
    Evidence,
    Hint,
    blocks_of,
    bucket_of,
    buckets_of,
    length_of,
)
from normalizer.remembered import Remembered

KIND = b"lapor-model "
MAGIC = KIND + b"2\n"
MOST_ROWS = 0xFFFF
#: What a weight of nothing is written as; weights are 16 bits, and this keeps them positive.
ZERO = 0x8000
_LANE = 64
_ONE_LANE = (1 << _LANE) - 1
# Weights become whole numbers of this part of one: far finer than what a score is rounded to.
_FINE = 1 << 28
_LENGTH = struct.Struct("<I")
_MOST_REASONS = 5
_MOST_LABELS = 3
_DIGITS = 2


class _Part(NamedTuple):
    """What a unit is: its rarity squared, how many rows it has, and their sum, label by label."""

    square: float
    rows: int
    lanes: int


class _Group(NamedTuple):
    """Units of a report that the model knows, and what each of them counts for there."""

    weight: float
    found: Sequence[tuple[str, _Part]]


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
        self._lanes = struct.Struct(f"<{kinds}Q")
        if len(view) != end + self.head.rows * self._row.size:
            raise ModelError("it is cut off")
        self._index = view[start:end].cast("H")
        self._rows = view[end:]
        self._parts = Remembered[str, _Part](self._part)

    def ask(self, evidence: Evidence, blocks: Sequence[Sequence[str]] | None = None) -> Answer:
        """What it says of a report; `blocks` of its evidence, from whoever has them already."""
        groups = [self._known(block) for block in blocks or blocks_of(evidence)]
        groups += self._hinted(evidence.hints)
        confidences = _softmax(self._scores(groups), self.head.sharpness)
        best = sorted(zip(self.head.labels, confidences, strict=True), key=itemgetter(1))
        best = best[: -_MOST_LABELS - 1 : -1]
        first, confidence = best[0]
        return Answer(
            value=first if confidence >= self.head.threshold else None,
            confidence=round(confidence, _DIGITS),
            best=tuple((label, round(share, _DIGITS)) for label, share in best),
            why=_reasons(groups, self.head.labels.index(first), evidence.hints),
        )

    def _known(self, block: Sequence[str]) -> _Group:
        """The known units of a block, with the weight that gives the block its length."""
        if block[0][0] == PAIR:
            # Most pairs are met once, and few are known: neither is worth remembering.
            index = self._index
            found = [(unit, self._part(unit)) for unit in block if index[bucket_of(unit)]]
        else:
            both = zip(block, map(self._parts.__getitem__, block), strict=True)
            found = [(unit, part) for unit, part in both if part.rows]
        length = sqrt(sum(part.square for _, part in found))
        return _Group(length_of(block) / length if length else 0.0, found)

    def _hinted(self, hints: Iterable[Hint]) -> Iterator[_Group]:
        for hint in hints:
            part = self._parts[HINT + hint.name]
            if part.rows:
                yield _Group(hint.weight, ((HINT + hint.name, part),))

    def _scores(self, groups: Iterable[_Group]) -> list[float]:
        """The score of each label: what it has before, and what all units add."""
        lanes = nothing = 0
        for weight, found in groups:
            whole = int(weight * _FINE)
            lanes += whole * sum(part.lanes for _, part in found)
            nothing += whole * sum(part.rows for _, part in found)
        nothing *= ZERO
        grain = self.head.grain / _FINE
        summed = self._lanes.unpack(lanes.to_bytes(self._lanes.size, "little"))
        both = zip(self.head.bias, summed, strict=True)
        return [bias + (one - nothing) * grain for bias, one in both]

    def _part(self, unit: str) -> _Part:
        """The sum of a unit's rows."""
        index, size = self._index, self._row.size
        ats = [at for bucket in buckets_of(unit) if (at := index[bucket])]
        square, lanes = 0.0, 0
        for at in ats:
            rarity, *weights = self._row.unpack_from(self._rows, (at - 1) * size)
            square += rarity * rarity
            lanes += int.from_bytes(self._lanes.pack(*weights), "little")
        return _Part(square, len(ats), lanes) if ats else _NOTHING


def write_model(head: Head, index: bytes, rows: bytes) -> bytes:
    """A model file: `index` has two bytes a bucket, a row a float of rarity and two a label."""
    described = msgspec.json.encode(head)
    described += b" " * (-len(MAGIC + described) % 2)
    return MAGIC + _LENGTH.pack(len(described)) + described + index + rows


def is_of_another_time(content: bytes) -> bool:
    """Whether a file is a model of an older or newer program; no damage, only to be made again."""
    return content.startswith(KIND) and not content.startswith(MAGIC)


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


def _reasons(groups: Iterable[_Group], best: int, hints: Iterable[Hint]) -> tuple[str, ...]:
    """The words that speak most for the best label; a row's weights are zero on the average."""
    hinted = {HINT + hint.name: hint.why for hint in hints}
    shift = best * _LANE
    gains: dict[str, float] = {}
    for weight, found in groups:
        for unit, part in found:
            gain = weight * ((part.lanes >> shift & _ONE_LANE) - part.rows * ZERO)
            if gain <= 0:
                continue
            for words in hinted[unit][:1] if unit[0] == HINT else (unit[1:],):
                gains[words] = max(gain, gains.get(words, 0.0))
    ordered = sorted(gains.items(), key=lambda item: (-item[1], item[0]))
    return tuple(words for words, _ in ordered[:_MOST_REASONS])
