"""
How well reports of one case are found, on judged pairs of Surabaya's Media Center 2022.

The weights of *related* (normalizer/related.py) were fitted on these pairs, so they are fitted
again here with a fifth left out each time; pairs that share a report or an address stay in one
fold. What decides *same* is rules, written with these pairs in sight. Each figure is told twice:
with everything the set knows, and with text, address and time alone. The labels are one model's
judgement, and the strata are not the natural rate.
"""

import gzip
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import exp
from pathlib import Path

import msgspec

from gateway.config_files import config_files
from gateway.evaluation.figure import Figure
from gateway.matching import Index, Message, said
from normalizer.match import RELATED, compare
from normalizer.related import Likeness, liken
from normalizer.report import Complaint
from normalizer.rules import Rules, read_rules

PAIRS = Path("near_duplicate_pairs") / "surabaya_dev.jsonl"
CLUSTERS = Path("near_duplicate_pairs") / "surabaya_retry_clusters_dev.jsonl"
REPORTS = Path("surabaya_mediacenter_2022") / "dev.jsonl.gz"
FOLDS = 5
_RIDGE = 3.0
_STEPS = 12
_SAME_BEGINNING = 40


class _Report(Message, frozen=True, kw_only=True):
    id: str


class _Row(msgspec.Struct, frozen=True):
    label: str
    same_case: int
    a: _Report
    b: _Report


class _Cluster(msgspec.Struct, frozen=True):
    ids: list[str]


@dataclass(frozen=True, slots=True)
class _Judged:
    """A pair, what is to be said of it, and what was."""

    row: _Row
    same: bool
    #: Related or the same, by weights that never saw it.
    kin: bool


def measure(data: Path) -> list[Figure]:
    """F1 of one case, precision of what is joined, and the repeated reports that are found."""
    rules = read_rules(config_files(None))
    rows = [msgspec.json.decode(line, type=_Row) for line in _lines(data / PAIRS)]
    known = [(said(row.a, rules), said(row.b, rules)) for row in rows]
    bare = [(said(_bare(row.a), rules), said(_bare(row.b), rules)) for row in rows]
    figures: list[Figure] = []
    for how, judged in zip(
        ("all fields", "text, address, time"), _judge(rows, [known, bare]), strict=True
    ):
        figures += _figures(how, judged)
    return [*figures, _retries(data, rules)]


def fit(features: Sequence[tuple[float, ...]], labels: Sequence[int]) -> list[float]:
    """Weights of a logistic regression, the bias first, by Newton's method with a ridge."""
    rows = [(1.0, *each) for each in features]
    size = len(rows[0])
    weights = [0.0] * size
    for _ in range(_STEPS):
        slope = [_RIDGE * w if at else 0.0 for at, w in enumerate(weights)]
        curve = [
            [(_RIDGE if at else 1e-6) * (at == to) for to in range(size)] for at in range(size)
        ]
        for row, label in zip(rows, labels, strict=True):
            chance = 1 / (1 + exp(-sum(w * x for w, x in zip(weights, row, strict=True))))
            for at, x in enumerate(row):
                slope[at] += (chance - label) * x
                for to, y in enumerate(row):
                    curve[at][to] += chance * (1 - chance) * x * y
        weights = [w - step for w, step in zip(weights, _solved(curve, slope), strict=True)]
    return weights


def _judge(
    rows: Sequence[_Row], views: Sequence[Sequence[tuple[Complaint, Complaint]]]
) -> list[list[_Judged]]:
    folds = _folds(rows)
    likenesses = [[liken(one, other) for one, other in view] for view in views]
    kin: list[dict[int, bool]] = [{} for _ in views]
    for fold in range(FOLDS):
        seen = [at for at, own in enumerate(folds) if own != fold]
        features = [view[at].features for view in likenesses for at in seen]
        weights = fit(features, [rows[at].same_case for _ in views for at in seen])
        for found, view in zip(kin, likenesses, strict=True):
            found |= {at: _chance(view[at], weights) for at, own in enumerate(folds) if own == fold}
    return [
        [
            _Judged(row, same := compare(one, other).relation == "same", same or found[at])
            for at, (row, (one, other)) in enumerate(zip(rows, view, strict=True))
        ]
        for found, view in zip(kin, views, strict=True)
    ]


def _chance(likeness: Likeness, weights: Sequence[float]) -> bool:
    return likeness.chance(weights) >= RELATED


def _figures(how: str, judged: Sequence[_Judged]) -> Iterator[Figure]:
    task = f"one case, {how}"
    right = sum(each.kin and each.row.same_case for each in judged)
    told, there = sum(each.kin for each in judged), sum(each.row.same_case for each in judged)
    joined = [each for each in judged if each.same]
    well = sum(each.row.same_case for each in joined)
    hard = [each for each in judged if each.row.label == "related_not_same"]
    apart = sum(not each.same for each in hard)
    yield Figure(
        task=task,
        measure="F1",
        value=round(2 * right / (told + there), 3),
        reach=0.84,
        n=len(judged),
        detail=f"{right} right of {told} told, {there} there",
    )
    yield _share(task, "precision of joined", well, len(joined), reach=0.97)
    yield _share(task, "related_not_same kept apart", apart, len(hard), reach=0.99)


def _retries(data: Path, rules: Rules) -> Figure:
    """Groups of equal texts within two days, in a stream of the reports they stand among."""
    groups = [msgspec.json.decode(line, type=_Cluster).ids for line in _lines(data / CLUSTERS)]
    wanted = {id_ for group in groups for id_ in group}
    reports = [msgspec.json.decode(line, type=_Report) for line in _lines(data / REPORTS)]
    index = Index()
    for at, report in enumerate(reports):
        if report.id in wanted or at % FOLDS == 0:
            index.place(report, rules)
    whole = sum(len({index.cluster_of(id_) for id_ in group}) == 1 for group in groups)
    return _share("retries", "clusters found", whole, len(groups), reach=1.0)


def _share(task: str, measure_: str, part: int, whole: int, *, reach: float) -> Figure:
    value = round(part / whole, 3) if whole else 0.0
    detail = f"{part} of {whole}"
    return Figure(task=task, measure=measure_, value=value, reach=reach, n=whole, detail=detail)


def _bare(report: _Report) -> _Report:
    return msgspec.structs.replace(report, kelurahan=None, kecamatan=None, topic=None)


def _folds(rows: Sequence[_Row]) -> list[int]:
    """A fold for each pair, the same for those that share a report or an address."""
    leaders = list(range(len(rows)))

    def leader(at: int) -> int:
        while leaders[at] != at:
            at = leaders[at]
        return at

    seen: dict[str, int] = {}
    for at, row in enumerate(rows):
        for report in (row.a, row.b):
            for key in (report.id, (report.address or "").lower()[:_SAME_BEGINNING]):
                if key:
                    leaders[leader(at)] = leader(seen.setdefault(key, at))
    numbered: dict[int, int] = {}
    return [numbered.setdefault(leader(at), len(numbered)) % FOLDS for at in range(len(rows))]


def _solved(matrix: list[list[float]], right: Sequence[float]) -> list[float]:
    """The solution of linear equations, by elimination; the matrix is positive definite."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    size = len(rows)
    for at in range(size):
        for below in range(at + 1, size):
            factor = rows[below][at] / rows[at][at]
            rows[below] = [b - factor * a for a, b in zip(rows[at], rows[below], strict=True)]
    found = [0.0] * size
    for at in reversed(range(size)):
        known = sum(rows[at][to] * found[to] for to in range(at + 1, size))
        found[at] = (rows[at][size] - known) / rows[at][at]
    return found


def _lines(file: Path) -> Iterable[bytes]:
    read = file.read_bytes()
    return (gzip.decompress(read) if file.suffix == ".gz" else read).splitlines()
