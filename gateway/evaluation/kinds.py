"""
How well types, topics and agencies are told by rules alone, on real reports of four places.

Nothing is fitted here: this is what a fresh installation answers, with the shipped files. Each set
has its own labels; the tables in kinds_labels.py say which of ours is which of theirs. Words were
added to the shipped lists after looking at which groups are confused in these development parts,
never for single reports, so unseen reports may come out a point or two lower.
"""

import gzip
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from gateway.config_files import config_files
from gateway.evaluation import kinds_labels as labels
from gateway.evaluation.figure import Figure
from normalizer.classify import Classification, classify
from normalizer.rules import Rules, read_rules
from normalizer.text import clean, words

LAPOR = Path("lapor_2017") / "dev.jsonl.gz"
SURABAYA = Path("surabaya_mediacenter_2022") / "dev.jsonl.gz"
PURBALINGGA = Path("purbalingga_2025") / "dev.jsonl"
# Topics of Surabaya with fewer reports are left out; 37 stay.
_LEAST_ROWS = 30


class _Row(msgspec.Struct, frozen=True):
    text: str
    report_type: str | None = None
    agency_group: str | None = None
    topic: str | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a report is according to its office, and what was said of it, in the set's labels."""

    wanted: str
    said: str
    #: Every label that might be meant.
    among: frozenset[str] = frozenset()


def measure(data: Path) -> list[Figure]:
    """Accuracy, macro-F1 and every class of each task."""
    rules = read_rules(config_files(None))
    lapor = list(_judged(data / LAPOR, rules))
    offices = _offices(lapor, rules)
    return [
        *_figures("report type, rules", _types(lapor), reach=(0.72, 0.58)),
        *_figures(
            "topic of six, rules", _six_topics(data / PURBALINGGA, rules), reach=(0.60, 0.55)
        ),
        *_figures("topic of 37, rules", _topics(data / SURABAYA, rules)),
        *_figures("agency group, rules", offices),
        _among("agency group, rules", offices),
    ]


def _judged(file: Path, rules: Rules) -> Iterator[tuple[_Row, Classification]]:
    content = file.read_bytes()
    lines = gzip.decompress(content) if file.suffix == ".gz" else content
    for line in lines.splitlines():
        row = msgspec.json.decode(line, type=_Row)
        yield row, classify(words(clean(row.text, rules.abbreviations)), rules)


def _types(judged: Iterable[tuple[_Row, Classification]]) -> list[Answer]:
    """What is left open or found to be no report counts as the complaint it was published as."""
    return [
        Answer(wanted=row.report_type, said=labels.TYPES.get(found.type.value or "", "pengaduan"))
        for row, found in judged
        if row.report_type
    ]


def _six_topics(file: Path, rules: Rules) -> list[Answer]:
    return [
        Answer(
            wanted=row.category,
            said=_label(found.topic.value, labels.PURBALINGGA, rules) or labels.PURBALINGGA_REST,
        )
        for row, found in _judged(file, rules)
        if row.category
    ]


def _topics(file: Path, rules: Rules) -> list[Answer]:
    answers = [
        Answer(
            wanted=row.topic,
            said=_label(found.topic.value, labels.SURABAYA, rules) or labels.SURABAYA_REST,
        )
        for row, found in _judged(file, rules)
        if row.topic
    ]
    often = Counter(answer.wanted for answer in answers)
    return [answer for answer in answers if often[answer.wanted] >= _LEAST_ROWS]


def _label(topic: str | None, table: Mapping[str, str], rules: Rules) -> str | None:
    """The label of a leaf, else of its topic."""
    if topic is None:
        return None
    return table.get(topic) or table.get(rules.taxonomy.under[topic])


def _offices(judged: Iterable[tuple[_Row, Classification]], rules: Rules) -> list[Answer]:
    groups = {
        office.name.partition("{")[0]: labels.LAPOR.get(key, labels.LAPOR_REST)
        for key, office in rules.agencies.offices.items()
    }
    starts = sorted((start for start in groups if start), key=len, reverse=True)

    def group(name: str | None) -> str:
        if name is None:
            return labels.LAPOR_REST
        return next((groups[s] for s in starts if name.startswith(s)), "pemda_wilayah")

    return [
        Answer(
            wanted=row.agency_group,
            said=group(found.agency.value),
            among=frozenset(map(group, (*found.agency.alternatives, found.agency.value))),
        )
        for row, found in judged
        if row.agency_group
    ]


def _figures(
    task: str, answers: Sequence[Answer], *, reach: tuple[float | None, float | None] = (None, None)
) -> Iterator[Figure]:
    wanted = Counter(answer.wanted for answer in answers)
    said = Counter(answer.said for answer in answers)
    right = Counter(answer.wanted for answer in answers if answer.wanted == answer.said)
    f1 = {label: 2 * right[label] / (wanted[label] + said[label]) for label in wanted}
    means = {"accuracy": right.total() / len(answers), "macro-F1": sum(f1.values()) / len(f1)}
    for (measure, value), wish in zip(means.items(), reach, strict=True):
        yield Figure(
            task=task,
            measure=measure,
            value=round(value, 3),
            reach=wish,
            n=len(answers),
            detail=f"{right.total()} right",
        )
    for label, count in wanted.most_common():
        yield Figure(
            task=f"{task}: {label}",
            measure="F1",
            value=round(f1[label], 3),
            reach=None,
            n=count,
            detail=f"{right[label]} right of {said[label]} told so",
        )


def _among(task: str, answers: Sequence[Answer]) -> Figure:
    found = sum(answer.wanted in answer.among for answer in answers)
    return Figure(
        task=task,
        measure="right one told or among the three",
        value=round(found / len(answers), 3),
        reach=None,
        n=len(answers),
        detail=f"{found} found",
    )
