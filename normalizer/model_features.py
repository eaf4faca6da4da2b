"""
What a learned model sees of a report, as numbers of buckets.

A report is a few blocks: its words, pairs of words, title and address, each scaled to a fixed
length so that a long text counts no more than a short one; and hints, which are what the rules make
of it. A word stands for itself and for its four-letter pieces, so that a form nobody has written
before is still like its relatives; who says it twice means it, so it counts once more. Nothing is
looked up in a dictionary: a name's checksum is its bucket.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple
from zlib import crc32

BUCKETS = 1 << 18
# Bytes, which are letters in nearly every word here.
_PIECE = 4
_LONGEST_WORD = 24
#: Kinds of units, the first letter of their names.
WORD, AGAIN, TITLE, ADDRESS, PAIR, HINT = "wrtaph"
_WITH_PIECES = frozenset((WORD, TITLE, ADDRESS))
# A report's own words weigh most; where it happened tells little of what happened.
_LENGTHS = {WORD: 1.5, ADDRESS: 0.6}


class Hint(NamedTuple):
    """Something the rules say of a report, how strongly, and in which of its words."""

    name: str
    weight: float
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A report as a model sees it; words as `text.words` gives them."""

    spoken: Sequence[str]
    title: Sequence[str] = ()
    address: Sequence[str] = ()
    hints: Sequence[Hint] = ()


class Block(NamedTuple):
    """The units of a block, how long it is made, and of pairs of words the buckets."""

    length: float
    units: Sequence[str]
    buckets: Sequence[int] = ()


def hashed(evidence: Evidence) -> list[Block]:
    """The blocks of a report as every model is asked with them."""
    return [
        Block(length_of(units), units, list(map(bucket_of, units)) if units[0][0] == PAIR else ())
        for units in blocks_of(evidence)
    ]


def blocks_of(evidence: Evidence) -> list[list[str]]:
    """The units of each block, each unit once; a unit is its kind's letter and what it is."""
    counts = Counter(evidence.spoken)
    pairs = dict.fromkeys(pairwise(evidence.spoken))
    blocks = [
        [WORD + word for word in counts] + [AGAIN + word for word, n in counts.items() if n > 1],
        [f"{PAIR}{first} {second}" for first, second in pairs],
        [TITLE + word for word in dict.fromkeys(evidence.title)],
        [ADDRESS + word for word in dict.fromkeys(evidence.address)],
    ]
    return [block for block in blocks if block]


def length_of(block: Sequence[str]) -> float:
    """How long a block is made, which is how much it weighs."""
    return _LENGTHS.get(block[0][0], 1.0)


def bucket_of(unit: str) -> int:
    """The bucket of a unit itself."""
    return crc32(unit.encode("utf-8", "surrogatepass")) % BUCKETS


def buckets_of(unit: str) -> list[int]:
    """The buckets of a unit: its own, and of a word those of its pieces."""
    name = unit.encode("utf-8", "surrogatepass")
    buckets = [crc32(name) % BUCKETS]
    if unit[0] in _WITH_PIECES and not unit[1:].isdigit():
        word, kind = b"^" + name[1:_LONGEST_WORD] + b"$", crc32(name[:1].upper())
        pieces = {word[at : at + _PIECE] for at in range(len(word) - _PIECE + 1)}
        buckets += [crc32(piece, kind) % BUCKETS for piece in pieces]
    return buckets
