"""
The few numbers a complaint is found by among millions: its fingerprint.

One key stands for the words as a whole; twelve stand for pairs of words that follow each other,
rare pairs before common ones and otherwise in the order of a checksum, so that both copies of an
edited text draw the same. Five of them are of the beginning, which is what is left of a text that
was cut off. One more stands for what it is about and where, for those who tell of the same in other
words. Keys are hashed with a secret: who has the table but not the gateway's key cannot try out
which words a complaint holds.
"""

from collections.abc import Sequence
from hashlib import blake2b
from itertools import islice, pairwise
from zlib import crc32

from normalizer.match_words import COMMON, FUNCTION
from normalizer.matter import spoken_in

VERSION = "3"

PAIRS = 12
# A text that was cut off has the beginning alone; 14 words that say something are 160 signs.
PAIRS_OF_HEAD, HEAD = 5, 14
_KEY_BYTES = 4
_FEWEST_WORDS = 4
# "36.03.01"; in a whole kabupaten a topic is many incidents.
_KECAMATAN_CODE = 8


class Fingerprints:
    """Makes keys; `secret` is at most 64 bytes."""

    __slots__ = ("_hash",)

    def __init__(self, secret: bytes) -> None:
        self._hash = blake2b(key=secret, digest_size=_KEY_BYTES)

    def of_words(self, clean_text: str) -> tuple[int, ...]:
        """At most thirteen numbers below 2^32, the first for the text as a whole."""
        spoken = spoken_in(clean_text)
        if not spoken:
            return ()
        whole = self._key(" ".join(spoken))
        if len(spoken) < _FEWEST_WORDS:
            return (whole,)
        return tuple(dict.fromkeys((whole, *map(self._key, drawn(spoken)))))

    def of_incident(self, code: str | None, topic: str | None) -> tuple[int, ...]:
        """The key, below zero, of a topic in a village or kecamatan, if both are known."""
        if not code or not topic or len(code) < _KECAMATAN_CODE:
            return ()
        return (-1 - self._key(f"{code}\0{topic}"),)

    def _key(self, words: str) -> int:
        keyed = self._hash.copy()
        keyed.update(words.encode("utf-8", "replace"))
        return int.from_bytes(keyed.digest())


def is_incident(key: int) -> bool:
    """Whether a key stands for a topic in a place, and not for words."""
    return key < 0


def drawn(spoken: Sequence[str]) -> list[str]:
    """The pairs of neighbouring words a text is found by: some of its beginning, then of all."""
    telling = [word for word in spoken if word not in FUNCTION]
    common = [word in COMMON for word in telling]
    pairs = map(" ".join, pairwise(telling))
    written = " ".join(telling).encode("utf-8", "replace").split(b" ")
    sums = map(crc32, map(b" ".join, pairwise(written)))
    ranks = {
        pair: (first + second) << 32 | sum_
        for pair, sum_, (first, second) in zip(pairs, sums, pairwise(common), strict=True)
    }
    order = sorted(ranks, key=ranks.__getitem__)
    if len(telling) <= HEAD:
        return order[:PAIRS]
    begins = sorted(islice(ranks, HEAD - 1), key=ranks.__getitem__)[:PAIRS_OF_HEAD]
    return list(dict.fromkeys([*begins, *order]))[:PAIRS]
