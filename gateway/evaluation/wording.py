"""
How close informal Indonesian comes to formal, on the sentence pairs of STIF.

Word error rate as is usual there: the fewest words to change, add or take away, by the words of the
formal sentence; signs and capitals do not count. The tables and rules are written by hand; which
kinds of errors were worth a rule was seen on these sentences, so nothing is fitted but the choice.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec
from rapidfuzz.distance import Levenshtein

from gateway.evaluation.figure import Figure
from normalizer.shapes import AbbreviationsFile
from normalizer.text import clean, formal
from normalizer.text_table import abbreviations_of

PAIRS = Path("stif_informal_formal") / "dev.jsonl"
_SHIPPED = Path(__file__).parents[2] / "config" / "abbreviations.toml"
_REACH = 0.31
_WORD = re.compile(r"\w+")


class _Pair(msgspec.Struct, frozen=True):
    informal: str
    formal: str


def measure(data: Path) -> list[Figure]:
    """One minus the error rate of the sentences as they are, as `clean_text` and made formal."""
    table = abbreviations_of(msgspec.toml.decode(_SHIPPED.read_bytes(), type=AbbreviationsFile))
    pairs = [
        msgspec.json.decode(line, type=_Pair) for line in (data / PAIRS).read_bytes().splitlines()
    ]
    ways: dict[str, Callable[[str], str]] = {
        "as written": str,
        "clean_text": lambda text: clean(text, table),
        "formal": lambda text: formal(clean(text, table), table),
    }
    rates = {name: error_rate(pairs, way) for name, way in ways.items()}
    return [
        Figure(
            task=f"informal to formal, {name}",
            measure="1 - word error rate",
            value=round(1 - rate, 3),
            reach=1 - _REACH if name == "formal" else None,
            n=len(pairs),
            detail=f"word error rate {rate:.3f}",
        )
        for name, rate in rates.items()
    ]


def error_rate(pairs: Iterable[_Pair], way: Callable[[str], str]) -> float:
    """Edits of words by words that should have come out."""
    edits = expected = 0
    for pair in pairs:
        said, meant = _words(way(pair.informal)), _words(pair.formal)
        edits += Levenshtein.distance(said, meant)
        expected += len(meant)
    return edits / expected


def _words(text: str) -> Sequence[str]:
    return _WORD.findall(text.lower())
