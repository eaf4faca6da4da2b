"""
Which village the phrases of a report speak for, learned so that the right one wins.

Counts tell how often a phrase was heard from a village; what tells neighbours apart is learned
here: whenever another village scores nearly as high as the right one, the phrases of that report
are shifted from it to the right one, as little as needed (passive-aggressive, averaged over all
steps). The same reports give the same weights in whatever order they come.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from typing import TypeAlias
from zlib import crc32

#: Phrase -> how much it counts in a report.
Heard: TypeAlias = Mapping[str, float]
#: Phrase -> village -> weight.
Table: TypeAlias = dict[str, dict[int, float]]

_ROUNDS = 6
_MARGIN = 1.0
_LARGEST_STEP = 0.3
# A weight that small decides nothing.
_LEAST = 0.02


def evened(heard: Heard) -> dict[str, float]:
    """A report as long as any other, whether it has three phrases or thirty."""
    length = sqrt(sum(worth * worth for worth in heard.values())) or 1.0
    return {phrase: worth / length for phrase, worth in heard.items()}


def learn_weights(reports: Iterable[tuple[Heard, int]]) -> Table:
    """Learn from the phrases of each report and its village."""
    examples = [(evened(heard), village) for heard, village in reports if heard]
    now: Table = {}
    drift: Table = {}
    step = 1
    for turn in range(_ROUNDS):
        for heard, village in _mixed(examples, turn):
            _correct(now, drift, heard, village, step=step)
            step += 1
    return _averaged(now, drift, step)


def _mixed(examples: Sequence[tuple[Heard, int]], turn: int) -> Iterable[tuple[Heard, int]]:
    """In an order that tells nothing and depends on nothing but the reports."""
    return sorted(examples, key=lambda one: (crc32(f"{turn}{[*one[0]]}".encode()), one[1]))


def _correct(now: Table, drift: Table, heard: Heard, village: int, *, step: int) -> None:
    scores: dict[int, float] = {}
    for phrase, worth in heard.items():
        for each, weight in now.get(phrase, {}).items():
            scores[each] = scores.get(each, 0.0) + worth * weight
    own = scores.pop(village, 0.0)
    rival = max(scores, key=lambda each: (scores[each], each), default=0)
    behind = max(0.0, scores.get(rival, 0.0))
    loss = _MARGIN - own + behind
    if loss <= 0:
        return
    shift = min(_LARGEST_STEP, loss / (2 if behind else 1))
    _shift(now, heard, village, shift)
    _shift(drift, heard, village, step * shift)
    if behind:
        _shift(now, heard, rival, -shift)
        _shift(drift, heard, rival, -step * shift)


def _shift(table: Table, heard: Heard, village: int, by: float) -> None:
    for phrase, worth in heard.items():
        villages = table.setdefault(phrase, {})
        villages[village] = villages.get(village, 0.0) + by * worth


def _averaged(now: Table, drift: Table, step: int) -> Table:
    table: Table = {}
    for phrase, villages in now.items():
        mean = {each: weight - drift[phrase][each] / step for each, weight in villages.items()}
        kept = {each: weight for each, weight in mean.items() if abs(weight) >= _LEAST}
        if kept:
            table[phrase] = kept
    return table
