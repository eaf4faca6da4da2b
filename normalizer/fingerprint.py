"""
The few numbers a complaint is found by among millions: its fingerprint.

One key stands for the words as a whole; twelve stand for pairs of words that follow each other,
rare pairs before common ones and otherwise in the order of a checksum, so that both copies of an
edited text draw the same. One more stands for what it is about and where, for those who tell of
the same in other words. Keys are hashed with a secret: who has the table but not the gateway's key
cannot try out which words a complaint holds.
"""

from collections.abc import Sequence
from hashlib import blake2b
from itertools import pairwise
from zlib import crc32

from normalizer.match_words import COMMON, FUNCTION, matter

VERSION = "2"

PAIRS = 12
_KEY_BYTES = 4
_FEWEST_WORDS = 4


class Fingerprints:
    """Makes keys; `secret` is at most 64 bytes."""

    __slots__ = ("_hash",)

    def __init__(self, secret: bytes) -> None:
        self._hash = blake2b(key=secret, digest_size=_KEY_BYTES)

    def of_words(self, clean_text: str) -> tuple[int, ...]:
        """At most thirteen numbers below 2^32, the first for the text as a whole."""
        spoken = matter(clean_text).spoken
        if not spoken:
            return ()
        whole = self._key(" ".join(spoken))
        if len(spoken) < _FEWEST_WORDS:
            return (whole,)
        return tuple(dict.fromkeys((whole, *map(self._key, drawn(spoken)))))

    def of_incident(self, code: str | None, topic: str | None) -> tuple[int, ...]:
        """The key of a topic in a place (a Kemendagri code), if both are known."""
        return (self._key(f"{code}\0{topic}"),) if code and topic else ()

    def _key(self, words: str) -> int:
        keyed = self._hash.copy()
        keyed.update(words.encode("utf-8", "replace"))
        return int.from_bytes(keyed.digest())


def drawn(spoken: Sequence[str]) -> list[str]:
    """The pairs of neighbouring words a text is found by, the most telling first."""
    telling = [word for word in spoken if word not in FUNCTION]
    pairs = {f"{one} {other}": _tier(one, other) for one, other in pairwise(telling)}
    order = sorted(
        (tier, crc32(pair.encode("utf-8", "replace")), pair) for pair, tier in pairs.items()
    )
    return [pair for _, _, pair in order[:PAIRS]]


def _tier(one: str, other: str) -> int:
    """0: of two rare words; 2: of two that every other complaint has."""
    return (one in COMMON) + (other in COMMON)
