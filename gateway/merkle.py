"""
A tree of hashes: shows that one row was among many without showing the others.

Leaves and inner nodes are hashed with different prefixes, so none can stand for the other (RFC 6962
section 2.1, whose tree this is). Pure.
"""

import hashlib
from collections.abc import Sequence

LEAF, NODE = b"\x00", b"\x01"


def root_of(digests: Sequence[bytes]) -> bytes:
    """The hash over all of them in their order; of none, the hash of nothing."""
    if not digests:
        return hashlib.sha256().digest()
    level = [_leaf(digest) for digest in digests]
    while len(level) > 1:
        level = _above(level)
    return level[0]


def path_to(digests: Sequence[bytes], index: int) -> list[bytes]:
    """What must be hashed together with one of them, from below, to come to the root."""
    level, path = [_leaf(digest) for digest in digests], []
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            path.append(level[beside])
        level, index = _above(level), index // 2
    return path


def root_by(digest: bytes, index: int, count: int, path: Sequence[bytes]) -> bytes:
    """The root that a path leads to; raises ValueError where it does not fit index and count."""
    if not 0 <= index < count:
        raise ValueError("the row is not among those the tree is made of")
    hashed, rest = _leaf(digest), list(reversed(path))
    while count > 1:
        if index ^ 1 < count:
            if not rest:
                raise ValueError("the path is too short")
            beside = rest.pop()
            hashed = _node(beside, hashed) if index & 1 else _node(hashed, beside)
        index, count = index // 2, (count + 1) // 2
    if rest:
        raise ValueError("the path is too long")
    return hashed


def _above(level: Sequence[bytes]) -> list[bytes]:
    """The next level; one without a neighbour goes up as it is."""
    pairs = [_node(*level[at : at + 2]) for at in range(0, len(level) - 1, 2)]
    return [*pairs, *level[len(pairs) * 2 :]]


def _leaf(digest: bytes) -> bytes:
    return hashlib.sha256(LEAF + digest).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(NODE + left + right).digest()
