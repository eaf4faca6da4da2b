"""
From past reports with the value an officer gave them to a model file.

Five times a fifth is held back: from these come the figures, how sure a score may be called, and
the confidence from which on the model is right as often as wanted. Then it learns from everything.
Reports that begin alike stay in one fifth, or a copy would be recognised and called understanding.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.learning.fit import Seen, Weights, fit, packed, scores, seen
from normalizer.model import Head, write_model
from normalizer.model_features import Evidence

FOLDS = 5
#: Fewer reports than this teach nothing.
LEAST = 40
_LEAST_OF_A_LABEL = 2
#: So many of a hundred answers are to be right.
WANTED = 0.9
# A share is told of so many answers at least.
_LEAST_ANSWERS = 20
_SURE_OF_NOTHING = 1.01
_MORE_THAN_NOT = 0.5
_SHARPNESS = np.geomspace(0.5, 16, 36)
_SAME_BEGINNING = 60
_SIGNS = re.compile(r"[\W_]+")

Table = NDArray[np.float64]


class TooFewLessons(Exception):
    """There are too few reports to learn from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A past report, reduced, and the value it should have got."""

    seen: Seen
    label: str
    #: Its beginning: equal ones stay together.
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What models said of reports held back from them: a row of scores each."""

    labels: tuple[str, ...]
    wanted: NDArray[np.int64]
    scores: Table


def lesson_of(evidence: Evidence, label: str, text: str) -> Lesson:
    """A past report as it is learned from."""
    key = _SIGNS.sub("", text.lower())[:_SAME_BEGINNING]
    return Lesson(seen=seen(evidence), label=label, key=key)


def train(
    lessons: Sequence[Lesson],
    head: Callable[..., Head],
    note: Callable[[int], None] = lambda _: None,
) -> bytes:
    """
    Learn, and give the model file; TooFewLessons where there is too little to learn from.

    `head` makes the head of the file from all that is found out here; `note` hears of each step.
    """
    held = hold_back(lessons, note)
    sharpness = sharpness_of(held)
    confidences = confidences_of(held, sharpness)
    weights = _fit(known(lessons), held.labels)
    note(FOLDS + 1)
    grain, index, rows = packed(weights)
    described = head(
        grain=grain,
        labels=held.labels,
        bias=tuple(round(float(one), 6) for one in weights.bias),
        sharpness=sharpness,
        threshold=threshold_of(held, confidences),
        rows=len(weights.rows),
        examples=len(held.wanted),
        figures=figures_of(held, confidences),
    )
    return write_model(described, index, rows)


def known(lessons: Sequence[Lesson]) -> list[Lesson]:
    """Those whose label was given more than once."""
    counts = Counter(lesson.label for lesson in lessons)
    return [lesson for lesson in lessons if counts[lesson.label] >= _LEAST_OF_A_LABEL]


def hold_back(lessons: Sequence[Lesson], note: Callable[[int], None] = lambda _: None) -> Held:
    """What models that learned from four fifths say of the last one."""
    given, lessons = len(lessons), known(lessons)
    labels = tuple(sorted({lesson.label for lesson in lessons}))
    if len(lessons) < LEAST or len(labels) < 2:  # noqa: PLR2004 (a choice needs two)
        rare = given - len(lessons)
        left_out = f" ({rare} left out: a value takes {_LEAST_OF_A_LABEL} reports)" if rare else ""
        raise TooFewLessons(
            f"{len(lessons)} reports with {len(labels)} values{left_out};"
            f" it takes {LEAST} with two values"
        )
    numbers = {label: number for number, label in enumerate(labels)}
    found = np.zeros((len(lessons), len(labels)))
    folds = folds_of(lessons)
    for fold in range(FOLDS):
        weights = _fit(
            [one for one, own in zip(lessons, folds, strict=True) if own != fold], labels
        )
        for at in (at for at, own in enumerate(folds) if own == fold):
            found[at] = scores(weights, lessons[at].seen)
        note(fold + 1)
    wanted = np.array([numbers[lesson.label] for lesson in lessons])
    return Held(labels=labels, wanted=wanted, scores=found)


def folds_of(lessons: Sequence[Lesson]) -> list[int]:
    """A fold for each, every label spread over all of them."""
    turns: Counter[str] = Counter()
    by_key: dict[str, int] = {}

    def fold_of(lesson: Lesson) -> int:
        if lesson.key not in by_key:
            by_key[lesson.key] = (turns[lesson.label] + len(lesson.label)) % FOLDS
            turns[lesson.label] += 1
        return by_key[lesson.key]

    return list(map(fold_of, lessons))


def sharpness_of(held: Held) -> float:
    """The factor with which the confidences of held-back reports fit best."""
    # As if one report more had been answered wrong (Platt 1999): nothing is ever quite certain.
    doubt = 1 / (len(held.wanted) + 2)

    def surprise(sharpness: float) -> float:
        logs = np.log(_softmax(held.scores * sharpness) + 1e-12)
        right = logs[np.arange(len(logs)), held.wanted].mean()
        return float((doubt - 1) * right - doubt * logs.mean())

    return round(float(min(_SHARPNESS, key=surprise)), 3)


def confidences_of(held: Held, sharpness: float) -> Table:
    """For each held-back report the confidence in each label."""
    return _softmax(held.scores * sharpness)


def threshold_of(held: Held, confidences: Table) -> float:
    """The confidence from which on enough of the answers are right."""
    best = confidences.max(1)
    order = np.argsort(-best, kind="stable")
    right = (confidences.argmax(1) == held.wanted)[order].cumsum()
    answers = np.arange(1, len(order) + 1)
    enough = (right / answers >= WANTED) & (answers >= _LEAST_ANSWERS)
    if not enough.any():
        return _SURE_OF_NOTHING
    if enough[-1]:
        return min(_MORE_THAN_NOT, float(best[order[-1]]))
    return float(best[order[enough.nonzero()[0][-1]]])


def figures_of(held: Held, confidences: Table) -> dict[str, float]:
    """How good it is: all answered, one among three, by label, and answering from the threshold."""
    order = np.argsort(-confidences, axis=1)
    first = order[:, 0]
    sure = confidences.max(1) >= threshold_of(held, confidences)
    right = first == held.wanted
    figures = {
        "accuracy": right.mean(),
        "macro_f1": np.mean(list(_f1(first, held.wanted, len(held.labels)))),
        "among_three": (order[:, :3] == held.wanted[:, None]).any(1).mean(),
        "answered": sure.mean(),
        "answered_right": right[sure].mean() if sure.any() else 0.0,
    }
    return {name: round(float(value), 3) for name, value in figures.items()}


def _fit(lessons: Sequence[Lesson], labels: Sequence[str]) -> Weights:
    numbers = {label: number for number, label in enumerate(labels)}
    return fit(
        [lesson.seen for lesson in lessons], [numbers[one.label] for one in lessons], len(labels)
    )


def _f1(given: NDArray[np.int64], wanted: NDArray[np.int64], kinds: int) -> Iterator[float]:
    for kind in range(kinds):
        both = int(((given == kind) & (wanted == kind)).sum())
        either = int((given == kind).sum() + (wanted == kind).sum())
        yield 2 * both / either if either else 0.0


def _softmax(scores_: Table) -> Table:
    each = np.exp(scores_ - scores_.max(1, keepdims=True))
    return np.asarray(each / each.sum(1, keepdims=True))
