"""
How well languages are told apart, on NusaX, and how often complaints count as Indonesian.

Nothing is learned. The lists in normalizer/language_words.py are written from knowledge of the
languages; they were completed after reading which sentences of these dev rows they missed. A
complaint that is really Javanese counts against the share of Indonesian.
"""

import gzip
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gateway.evaluation.figure import Figure
from normalizer.language import language_of

SENTENCES = Path("nusax_language_id") / "dev.jsonl.gz"
COMPLAINTS = (
    Path("lapor_2017") / "dev.jsonl.gz",
    Path("surabaya_mediacenter_2022") / "dev.jsonl.gz",
    Path("surabaya_2017_multichannel") / "dev.jsonl.gz",
    Path("purbalingga_2025") / "dev.jsonl",
)
CODES = {
    "acehnese": "ace",
    "balinese": "ban",
    "banjarese": "bjn",
    "buginese": "bug",
    "english": "en",
    "indonesian": "id",
    "javanese": "jv",
    "madurese": "mad",
    "minangkabau": "min",
    "ngaju": "nij",
    "sundanese": "su",
    "toba_batak": "bbc",
}
_REACH = 0.90
_REACH_SHARE = 0.97


class _Row(msgspec.Struct, frozen=True):
    text: str
    language: str = ""


def measure(data: Path) -> list[Figure]:
    """F1 of each language and their mean; the share of complaints that count as Indonesian."""
    return [*_languages(data), *(_share(data, file) for file in COMPLAINTS)]


def _languages(data: Path) -> Iterator[Figure]:
    told = Counter((CODES[row.language], language_of(row.text)) for row in _rows(data / SENTENCES))
    scores = {code: _f1(code, told) for code in CODES.values()}
    yield Figure(
        task="language",
        measure="macro-F1",
        value=round(sum(scores.values()) / len(scores), 3),
        reach=_REACH,
        n=told.total(),
        detail=f"{sum(told[code, code] for code in scores)} right",
    )
    for name, code in CODES.items():
        asked = sum(count for (true, _), count in told.items() if true == code)
        yield Figure(
            task=f"language, {name}",
            measure="F1",
            value=round(scores[code], 3),
            reach=None,
            n=asked,
            detail=f"{told[code, code]} right, {told[code, None]} not told",
        )


def _f1(code: str, told: Counter[tuple[str, str | None]]) -> float:
    right = told[code, code]
    asked = sum(count for (true, _), count in told.items() if true == code)
    answered = sum(count for (_, answer), count in told.items() if answer == code)
    return 2 * right / (asked + answered) if asked + answered else 0.0


def _share(data: Path, file: Path) -> Figure:
    told = Counter(language_of(row.text) for row in _rows(data / file))
    others = ", ".join(f"{code or 'not told'} {count}" for code, count in told.most_common(5)[1:])
    return Figure(
        task=f"language, {file.parent.name}",
        measure="share told Indonesian",
        value=round(told["id"] / told.total(), 3),
        reach=_REACH_SHARE,
        n=told.total(),
        detail=others,
    )


def _rows(file: Path) -> list[_Row]:
    content = file.read_bytes()
    lines = gzip.decompress(content) if file.suffix == ".gz" else content
    return [msgspec.json.decode(line, type=_Row) for line in lines.splitlines()]
