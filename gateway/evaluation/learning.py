"""
How much better reports are understood after learning, on four questions with known answers.

Everything is from five-fold cross-validation: a report is judged by models that were not shown it,
nor another that begins alike; the features were chosen on these reports. Titles and addresses are
used where a set has them. The rules get the best they could: each of their answers stands for the
label it most often goes with, counted on all the reports they are not judged by, while the model of
the learning curve has seen 300 of these.
"""

import gzip
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from gateway.config_files import config_files
from gateway.evaluation.figure import Figure
from gateway.learning import training
from gateway.learning.fit import fit, scores
from gateway.learning.training import Held, Lesson
from normalizer.classify import classify
from normalizer.model_judging import evidence_of
from normalizer.rules import Rules, read_rules
from normalizer.text import clean, matter_in, words

LAPOR = Path("lapor_2017") / "dev.jsonl.gz"
SURABAYA = Path("surabaya_mediacenter_2022") / "dev.jsonl.gz"
PURBALINGGA = Path("purbalingga_2025") / "dev.jsonl"
COVERED = 0.8
CURVE = 300
_LESS = 1e-3


class _Row(msgspec.Struct, frozen=True):
    text: str
    title: str = ""
    address: str | None = None
    report_type: str | None = None
    agency_group: str | None = None
    topic: str | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of a set, and what is to be reached."""

    name: str
    file: Path
    #: The column with the answer.
    answer: str
    #: Which of the rules' judgements speaks for it.
    by_rules: str
    accuracy: float
    macro_f1: float
    others: Mapping[str, float] = field(default_factory=dict)
    #: Labels with fewer reports are left out.
    least: int = 1


QUESTIONS = (
    Question(
        name="report type, lapor_2017",
        file=LAPOR,
        answer="report_type",
        by_rules="type",
        accuracy=0.83,
        macro_f1=0.66,
    ),
    Question(
        name="agency group, lapor_2017",
        file=LAPOR,
        answer="agency_group",
        by_rules="topic",
        accuracy=0.72,
        macro_f1=0.56,
        others={"among three": 0.88},
    ),
    Question(
        name="topic, purbalingga_2025",
        file=PURBALINGGA,
        answer="category",
        by_rules="topic",
        accuracy=0.76,
        macro_f1=0.72,
    ),
    Question(
        name="topic, surabaya_2022",
        file=SURABAYA,
        answer="topic",
        by_rules="topic",
        accuracy=0.80,
        macro_f1=0.66,
        others={"among three": 0.93, "accuracy at 80 % coverage": 0.90},
        least=30,
    ),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A report to learn from or to be judged, and what the rules say of it."""

    lesson: Lesson
    by_rules: str


def measure(data: Path) -> list[Figure]:
    """Accuracy and the like of each question, and its learning curve against the rules."""
    rules = read_rules(config_files(None))
    return [
        figure
        for question in QUESTIONS
        for figure in answered(question, read(data / question.file, question, rules))
    ]


def read(file: Path, question: Question, rules: Rules) -> list[Asked]:
    """The reports of a set that have an answer to a question."""
    content = file.read_bytes()
    lines = gzip.decompress(content) if file.suffix == ".gz" else content
    rows = [msgspec.json.decode(line, type=_Row) for line in lines.splitlines()]
    counts = Counter(getattr(row, question.answer) for row in rows)
    return [
        _asked(row, question, rules)
        for row in rows
        if getattr(row, question.answer) and counts[getattr(row, question.answer)] >= question.least
    ]


def _asked(row: _Row, question: Question, rules: Rules) -> Asked:
    text = clean(row.text, rules.abbreviations)
    evidence = evidence_of(text, row.title, row.address or "", rules)
    judged = classify(words(f"{row.title}\n{matter_in(text)}"), rules)
    label = getattr(row, question.answer)
    return Asked(
        lesson=training.lesson_of(evidence, label, row.text),
        by_rules=str(getattr(judged, question.by_rules).value),
    )


def answered(question: Question, asked: Sequence[Asked]) -> Iterator[Figure]:
    """The figures of one question."""
    held = training.hold_back([one.lesson for one in asked])
    confidences = training.confidences_of(held, training.sharpness_of(held))
    figures = training.figures_of(held, confidences)
    reach = {"accuracy": question.accuracy, "macro-F1": question.macro_f1, **question.others}
    found = {
        "accuracy": figures["accuracy"],
        "macro-F1": figures["macro_f1"],
        "among three": figures["among_three"],
        "accuracy at 80 % coverage": _covered(held, confidences),
    }
    detail = f"{len(held.labels)} labels"
    for name, value in found.items():
        yield _figure(question.name, name, value, reach.get(name), len(held.wanted), detail)
    yield _figure(
        question.name,
        f"accuracy from {training.WANTED:.0%} confidence on",
        figures["answered_right"],
        None,
        len(held.wanted),
        f"{figures['answered']:.0%} answered",
    )
    for label, recall, count in _by_label(held):
        yield _figure(question.name, f"recall of {label}", recall, None, count, "")
    yield _curve(question, asked)


def _figure(  # noqa: PLR0913, PLR0917 (a row of the table)
    task: str, measure_: str, value: float, reach: float | None, n: int, detail: str
) -> Figure:
    return Figure(
        task=f"{task}, learned",
        measure=measure_,
        value=round(value, 3),
        reach=reach,
        n=n,
        detail=detail,
    )


def _covered(held: Held, confidences: NDArray[np.float64]) -> float:
    """The accuracy of the surest four fifths."""
    right = confidences.argmax(1) == held.wanted
    surest = np.argsort(-confidences.max(1), kind="stable")[: int(COVERED * len(right))]
    return float(right[surest].mean())


def _by_label(held: Held) -> Iterator[tuple[str, float, int]]:
    given = held.scores.argmax(1)
    for number, label in enumerate(held.labels):
        own = held.wanted == number
        yield label, float((given[own] == number).mean()), int(own.sum())


def _curve(question: Question, asked: Sequence[Asked]) -> Figure:
    """Three hundred lessons against the rules, on every fifth in turn."""
    folds = training.folds_of([one.lesson for one in asked])
    learned = ruled = 0
    for fold in range(training.FOLDS):
        others = [one for one, own in zip(asked, folds, strict=True) if own != fold]
        tested = [one for one, own in zip(asked, folds, strict=True) if own == fold]
        learned += _right_learned(_some(others), tested)
        ruled += _right_ruled(others, tested)
    return _figure(
        question.name,
        f"accuracy after {CURVE} corrections",
        learned / len(asked),
        ruled / len(asked) + _LESS,
        len(asked),
        "to reach: more than the rules with the best meaning of each answer",
    )


def _some(asked: Sequence[Asked]) -> list[Lesson]:
    """So many of them as the learning curve is about, in no order."""
    order = np.random.default_rng(0).permutation(len(asked))
    return [asked[at].lesson for at in order[:CURVE]]


def _right_learned(lessons: Sequence[Lesson], tested: Sequence[Asked]) -> int:
    labels = sorted({lesson.label for lesson in lessons})
    numbers = [labels.index(lesson.label) for lesson in lessons]
    weights = fit([lesson.seen for lesson in lessons], numbers, len(labels))
    given = (labels[int(scores(weights, one.lesson.seen).argmax())] for one in tested)
    return sum(one.lesson.label == label for one, label in zip(tested, given, strict=True))


def _right_ruled(others: Sequence[Asked], tested: Sequence[Asked]) -> int:
    meanings: dict[str, Counter[str]] = {}
    for one in others:
        meanings.setdefault(one.by_rules, Counter())[one.lesson.label] += 1
    best = {answer: counts.most_common(1)[0][0] for answer, counts in meanings.items()}
    return sum(best.get(one.by_rules) == one.lesson.label for one in tested)
