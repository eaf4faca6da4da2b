"""
How well villages and districts are found, on the reports of Surabaya Media Center 2022.

Every report has an address, a text and the village its writer chose. Rules alone are measured on
all of them; the learned streets by five-fold cross-validation, where reports with the same address
or the same beginning stay in one fold, so that nothing is recognised by heart. The weights
themselves (normalizer/places_weights.py, forty numbers) were fitted on these reports.
"""

import csv
import gzip
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from gateway.evaluation.figure import Figure
from gateway.places_learn import Villages
from normalizer.gazetteer import DISTRICT, Number, area_of, number_of
from normalizer.places import Located, Places, locate
from normalizer.places_heard import Learned
from normalizer.places_streets import learn_streets

REPORTS = Path("surabaya_mediacenter_2022") / "dev.jsonl.gz"
TABLE = Path("gazetteer_id") / "wilayah_kemendagri_2025.csv.gz"
TENANT = "35.78"
FOLDS = 5
_SAME_BEGINNING = 60
_LEAST_KEY = 5
_SIGNS = re.compile(r"[^a-z0-9]")
_CODE = re.compile(r"\d\d(?:\.\d\d(?:\.\d\d(?:\.\d{4})?)?)?")


class _Row(msgspec.Struct, frozen=True):
    text: str
    kelurahan: str
    kecamatan: str
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A report with the village and the district it is about; 0 where the table has none such."""

    address: str
    text: str
    village: Number
    district: Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many examples there were, how many got an answer, and how many the right one."""

    asked: int
    answered: int
    right: int

    @property
    def precision(self) -> float:
        """The share of right answers among the answers."""
        return self.right / self.answered if self.answered else 0.0

    @property
    def recall(self) -> float:
        """The share of right answers among all examples."""
        return self.right / self.asked if self.asked else 0.0


def measure(data: Path) -> list[Figure]:
    """Precision and recall of kelurahan and kecamatan, by rules alone and learned."""
    table = _table(data / TABLE)
    examples = read_examples(data / REPORTS, table)
    by_rules = _by_rules(examples, table)
    learned = _learned(examples, table)
    return [
        *_figures("rules", examples, by_rules, reach=False),
        *_figures("learned", examples, learned, reach=True),
    ]


def read_examples(file: Path, table: bytes) -> list[Example]:
    """The reports, with their village looked up in the table."""
    villages = Villages(Places(table).gazetteer, area_of(TENANT))
    with gzip.open(file) as lines:
        rows = [msgspec.json.decode(line, type=_Row) for line in lines]
    return [
        Example(
            address=row.address or "",
            text=row.text,
            village=villages.named(row.kelurahan, row.kecamatan),
            district=villages.district(row.kecamatan),
        )
        for row in rows
    ]


def folds_of(examples: Sequence[Example]) -> list[int]:
    """A fold for each example, the same for those that repeat one another."""
    leaders = list(range(len(examples)))

    def leader(at: int) -> int:
        while leaders[at] != at:
            leaders[at] = leaders[leaders[at]]
            at = leaders[at]
        return at

    seen: dict[tuple[str, str], int] = {}
    for at, example in enumerate(examples):
        address, text = _key(example.address), _key(example.text)[:_SAME_BEGINNING]
        for key in (("address", address), ("text", text)):
            if len(key[1]) > _LEAST_KEY:
                leaders[leader(at)] = leader(seen.setdefault(key, at))
    numbered: dict[int, int] = {}
    return [numbered.setdefault(leader(at), len(numbered)) % FOLDS for at in range(len(examples))]


def _by_rules(examples: Iterable[Example], table: bytes) -> list[Located]:
    places = Places(table, area=area_of(TENANT))
    return [_ask(example, places) for example in examples]


def _learned(examples: Sequence[Example], table: bytes) -> list[Located]:
    folds = folds_of(examples)
    places = Places(table, area=area_of(TENANT))
    found: dict[int, Located] = {}
    for fold in range(FOLDS):
        streets = learn_streets(
            (example.address, example.text, example.village)
            for example, own in zip(examples, folds, strict=True)
            if own != fold and example.village
        )
        places.learned = Learned.of(streets)
        for at, own in enumerate(folds):
            if own == fold:
                found[at] = _ask(examples[at], places)
    return [found[at] for at in range(len(examples))]


def _ask(example: Example, places: Places) -> Located:
    return locate(example.text, example.address, places)


def _figures(
    how: str, examples: Sequence[Example], found: Sequence[Located], *, reach: bool
) -> list[Figure]:
    figures = []
    wanted = {"kelurahan": (0.92, 0.60), "kecamatan": (0.93, 0.75)}
    for what, (precision, recall) in wanted.items():
        tally = _tally(examples, found, village=what == "kelurahan")
        detail = f"{tally.right} right of {tally.answered} answers"
        for name, value, least in (
            ("precision", tally.precision, precision),
            ("recall", tally.recall, recall),
        ):
            figures.append(
                Figure(
                    task=f"{what}, {how}",
                    measure=name,
                    value=round(value, 3),
                    reach=least if reach else None,
                    n=tally.asked,
                    detail=detail,
                )
            )
    return figures


def _tally(examples: Sequence[Example], found: Sequence[Located], *, village: bool) -> Tally:
    answered = right = 0
    for example, located in zip(examples, found, strict=True):
        number = number_of(located.code or "")
        answer = number if village else number - number % DISTRICT
        level = number % DISTRICT if village else number % (DISTRICT * 100)
        if level:
            answered += 1
            right += answer == (example.village if village else example.district)
    return Tally(asked=len(examples), answered=answered, right=right)


def _key(text: str) -> str:
    return _SIGNS.sub("", text.lower())


def _table(file: Path) -> bytes:
    """The country's table, as places.csv."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        rows = [row for row in csv.reader(lines) if row and _CODE.fullmatch(row[0])]
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows(row[:2] for row in rows)
    return table.getvalue().encode()
