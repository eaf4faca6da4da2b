"""
Fitting the weights of a model: one support vector machine per label, all labels in one pass.

Dual coordinate descent for the squared hinge (Hsieh et al. 2008): each report in turn takes exactly
the step that is best for it, so there is no rate to choose, and the same reports give the same
model. A label with few reports counts as much as one with many, else it would never be given.
The only module that needs numpy; it is imported where somebody trains, never in the gateway.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from normalizer.model import MOST_ROWS
from normalizer.model_features import BUCKETS, HINT, Evidence, blocks_of, buckets_of, length_of
from normalizer.model_rows import ZERO

Floats = NDArray[np.float32]
Row = tuple[NDArray[np.int64], Floats]

# How much one mistake counts against simple weights; smaller is simpler.
COST = 0.25
# How far a seldom label is lifted: 0 not at all, 1 until all labels count alike.
BALANCE = 0.9
ROUNDS = 12
#: With so many reports of each label the rules' hints count in full; with more they count less.
RULED = 8
_SEEN_IN = 2
_RARITY = 0.3
_BIAS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What was fitted: rows of one idf and a weight per label, found by bucket; row 0 is none."""

    index: NDArray[np.uint16]
    rows: Floats
    bias: Floats


@dataclass(frozen=True, slots=True)
class Seen:
    """A report reduced to buckets: of each block its length and its units, and the hints."""

    blocks: tuple[tuple[float, tuple[tuple[int, ...], ...]], ...]
    hints: tuple[tuple[int, float], ...]


def seen(evidence: Evidence) -> Seen:
    """Reduce a report to what the fitting needs."""
    return Seen(
        tuple(
            (length_of(block), tuple(tuple(buckets_of(unit)) for unit in block))
            for block in blocks_of(evidence)
        ),
        tuple((buckets_of(HINT + hint.name)[0], hint.weight) for hint in evidence.hints),
    )


def fit(reports: Sequence[Seen], labels: Sequence[int], kinds: int) -> Weights:
    """Fit the weights of `kinds` labels to reports, each with the number of its label."""
    rarity = _rarity(reports, min(1.0, (RULED * kinds / len(reports)) ** 0.25))
    places = {bucket: at for at, bucket in enumerate(rarity)}
    rows = [_row(report, rarity, places) for report in reports]
    weights = _descend(rows, np.asarray(labels), kinds, len(places))
    index = np.zeros(BUCKETS, np.uint16)
    for bucket, at in places.items():
        index[bucket] = at + 1
    idf = np.fromiter(rarity.values(), np.float32, len(rarity))
    # What all labels have in common decides nothing, and without it a weight is a reason.
    weights -= weights.mean(1, keepdims=True)
    table = np.column_stack([idf, weights[:-1] * idf[:, None]]).astype(np.float32)
    return Weights(index=index, rows=table, bias=weights[-1] * np.float32(_BIAS))


def scores(weights: Weights, report: Seen) -> Floats:
    """The score of each label, as `Model.ask` has it before its confidence."""
    total = weights.bias.astype(np.float32)
    for wanted, block in report.blocks:
        ats = [[at for bucket in unit if (at := int(weights.index[bucket]))] for unit in block]
        flat = [at - 1 for unit in ats for at in unit]
        if flat:
            rows = weights.rows[flat]
            total = total + rows[:, 1:].sum(0) * np.float32(wanted) / np.sqrt(
                np.square(rows[:, 0]).sum()
            )
    for bucket, weight in report.hints:
        at = int(weights.index[bucket])
        if at:
            total = total + weights.rows[at - 1, 1:] * np.float32(weight)
    return total


def packed(weights: Weights) -> tuple[float, bytes, bytes]:
    """The grain, the index and the rows as `write_model` takes them."""
    most = float(np.abs(weights.rows[:, 1:]).max(initial=0.0)) or 1.0
    grain = most / (ZERO - 1)
    whole = np.dtype([("rarity", "<f4"), ("weights", "<u2", (weights.rows.shape[1] - 1,))])
    rows = np.empty(len(weights.rows), whole)
    rows["rarity"] = weights.rows[:, 0]
    rows["weights"] = np.rint(weights.rows[:, 1:] / grain) + ZERO
    return grain, weights.index.astype("<u2").tobytes(), rows.tobytes()


def _rarity(reports: Iterable[Seen], hinted: float) -> dict[int, float]:
    """What a bucket's presence counts: more the fewer reports have it; a hint counts `hinted`."""
    counts: Counter[int] = Counter()
    hints: set[int] = set()
    total = 0
    for total, report in enumerate(reports, start=1):  # noqa: B007 (the last is the count)
        counts.update({bucket for _, block in report.blocks for unit in block for bucket in unit})
        hints.update(bucket for bucket, _ in report.hints)
    known = [
        (bucket, n) for bucket, n in counts.most_common(MOST_ROWS - len(hints)) if n >= _SEEN_IN
    ]
    rarity = {bucket: log((total + 1) / (n + 1)) + _RARITY for bucket, n in known}
    return rarity | dict.fromkeys(sorted(hints), hinted)


def _row(report: Seen, rarity: Mapping[int, float], places: Mapping[int, int]) -> Row:
    values: dict[int, float] = {}
    for wanted, block in report.blocks:
        buckets = [bucket for unit in block for bucket in unit if bucket in rarity]
        length = sqrt(sum(rarity[bucket] ** 2 for bucket in buckets))
        for bucket in buckets:
            at = places[bucket]
            values[at] = values.get(at, 0.0) + wanted * rarity[bucket] / length
    for bucket, weight in report.hints:
        if bucket in places:
            at = places[bucket]
            values[at] = values.get(at, 0.0) + weight * rarity[bucket]
    bias = len(places)
    values[bias] = _BIAS
    size = len(values)
    return np.fromiter(values, np.int64, size), np.fromiter(values.values(), np.float32, size)


def _descend(rows: Sequence[Row], labels: NDArray[np.int64], kinds: int, bias: int) -> Floats:
    """The weights, one row per bucket and the bias last."""
    count = len(rows)
    weights = np.zeros((bias + 1, kinds), np.float32)
    duals = np.zeros((count, kinds), np.float32)
    signs = np.full((count, kinds), -1, np.float32)
    signs[np.arange(count), labels] = 1
    give = np.full((count, kinds), 1 / (2 * COST), np.float32)
    shares = np.bincount(labels, minlength=kinds)
    give[np.arange(count), labels] *= (shares[labels] * kinds / count) ** BALANCE
    squares = [np.float32(values @ values) for _, values in rows]
    order = np.random.default_rng(0)
    for _ in range(ROUNDS):
        for at in order.permutation(count):
            where, values = rows[at]
            sign, dual = signs[at], duals[at]
            slope = sign * (values @ weights[where]) - 1 + give[at] * dual
            moved = np.maximum(dual - slope / (squares[at] + give[at]), 0)
            weights[where] += np.outer(values, (moved - dual) * sign)
            duals[at] = moved
    return weights
