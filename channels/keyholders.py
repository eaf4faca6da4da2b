"""
Programs that show a key of their own with every request: who one is, and which keys may be.

Every key is compared, each in constant time: neither a close guess nor the place in the list shows.
"""

import hmac
from collections.abc import Sequence
from typing import Protocol, TypeVar

from channels.contract import Secret

_MOST_KEYS = 2


class Keyholder(Protocol):
    """Somebody with one key, or two while one replaces the other."""

    @property
    def name(self) -> str:
        """Part of what the journal knows their messages by."""

    @property
    def keys(self) -> tuple[Secret, ...]:
        """Each of them opens the door."""


H = TypeVar("H", bound=Keyholder)


def holder_of(shown: str, holders: Sequence[H]) -> H | None:
    """Whose key this is, or None."""
    octets = shown.encode("utf-8", "surrogatepass")
    known = None
    for holder in holders:
        for key in holder.keys:
            if hmac.compare_digest(octets, key.value.encode()):
                known = holder
    return known


def check_keys(keys: Sequence[Secret], shortest: int) -> None:
    """Raise ValueError unless there are one or two keys that nobody guesses."""
    if not 1 <= len(keys) <= _MOST_KEYS:
        raise ValueError("keys: expected the name of one secret, or two during a rotation")
    if any(len(key.value) < shortest for key in keys):
        raise ValueError(f"keys: a key has at least {shortest} characters")


def check_apart(holders: Sequence[Keyholder], what: str) -> None:
    """Raise ValueError where two holders have the same name or the same key."""
    if _has_twins([holder.name for holder in holders]):
        raise ValueError(f"{what}: two of them have the same name")
    if _has_twins([key.value for holder in holders for key in holder.keys]):
        raise ValueError(f"{what}: two of them have the same key")


def _has_twins(names: Sequence[str]) -> bool:
    return len(set(names)) < len(names)
