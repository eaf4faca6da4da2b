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
from itertools import islice
from math import exp, sqrt
from operator import itemgetter
from typing import NamedTuple

import msgspec

from normalizer.model_features import BUCKETS, HINT, Block, Evidence, Hint, hashed
from normalizer.model_rows import ZERO, Part, Rows, row_of

KIND = b"lapor-model "
MAGIC = KIND + b"2\n"
MOST_ROWS = 0xFFFF
# Weights become whole numbers of this part of one: far finer than what a score is rounded to.
_FINE = 1 << 28
_LENGTH = struct.Struct("<I")
_MOST_REASONS = 5
_MOST_LABELS = 3
_DIGITS = 2


class _Group(NamedTuple):
    """Units of a report that the model knows, what each of them counts there, and their sum."""

    weight: float
    parts: Sequence[Part]
    rows: int
    lanes: int


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
        if len(view) != end + self.head.rows * row_of(kinds).size:
            raise ModelError("it is cut off")
        self._rows = Rows(view[start:end], view[end:], kinds)

    def ask(self, evidence: Evidence, blocks: Sequence[Block] | None = None) -> Answer:
        """What it says of a report; `blocks` is `hashed(evidence)`, from whoever has it already."""
        if blocks is None:
            blocks = hashed(evidence)
        groups = [*self._known(blocks), *self._hinted(evidence.hints)]
        confidences = _softmax(self._scores(groups), self.head.sharpness)
        best = sorted(zip(self.head.labels, confidences, strict=True), key=itemgetter(1))
        best = best[: -_MOST_LABELS - 1 : -1]
        first, confidence = best[0]
        return Answer(
            value=first if confidence >= self.head.threshold else None,
            confidence=round(confidence, _DIGITS),
            best=tuple((label, round(share, _DIGITS)) for label, share in best),
            why=self._reasons(groups, self.head.labels.index(first), evidence.hints),
        )

    def _known(self, blocks: Iterable[Block]) -> Iterator[_Group]:
        """The known units of each block, with the weight that gives the block its length."""
        for block in blocks:
            parts = self._rows.parts(block)
            if parts:
                _, squares, rows, lanes = zip(*parts, strict=True)
                yield _Group(block.length / sqrt(sum(squares)), parts, sum(rows), sum(lanes))

    def _hinted(self, hints: Iterable[Hint]) -> Iterator[_Group]:
        for hint in hints:
            part = self._rows.part(HINT + hint.name)
            if part:
                _, _, rows, lanes = part
                yield _Group(hint.weight, (part,), rows, lanes)

    def _scores(self, groups: Sequence[_Group]) -> list[float]:
        """The score of each label: what it has before, and what all units add."""
        weights = [int(group.weight * _FINE) for group in groups]
        both = list(zip(weights, groups, strict=True))
        summed = self._rows.weighed((weight, group.lanes) for weight, group in both)
        nothing = ZERO * sum(weight * group.rows for weight, group in both)
        grain = self.head.grain / _FINE
        labels = zip(self.head.bias, summed, strict=True)
        return [bias + (one - nothing) * grain for bias, one in labels]

    def _reasons(
        self, groups: Iterable[_Group], best: int, hints: Iterable[Hint]
    ) -> tuple[str, ...]:
        """The words that speak most for the best label; a row's weights are zero on the average."""
        hinted = {HINT + hint.name: hint.why[:1] for hint in hints}
        gains: list[tuple[float, str]] = []
        for group in groups:
            weight, speaking = group.weight, self._rows.gains(group.parts, best)
            if len(group.parts) == 1 and group.parts[0][0] in hinted:
                gains += [(-weight * n, words) for unit, n in speaking for words in hinted[unit]]
            else:
                gains += [(-weight * n, unit[1:]) for unit, n in speaking]
        gains.sort()
        return tuple(islice(dict.fromkeys(words for _, words in gains), _MOST_REASONS))


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
