"""
What was found out about a word, so that it is found out once.

A few thousand words make up nearly all that citizens write, so most questions about a word have
been asked before. Many words can be asked in one sweep: `map(known.__getitem__, spoken)`.
"""

from collections.abc import Callable, Hashable
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MOST = 8_192


class Remembered(dict[K, V]):
    """A function's answers by what it was asked; it begins anew when there are many."""

    __slots__ = ("_find", "_most")

    def __init__(self, find: Callable[[K], V], most: int = MOST) -> None:
        super().__init__()
        self._find = find
        self._most = most

    def __missing__(self, key: K) -> V:
        if len(self) >= self._most:
            self.clear()
        found = self[key] = self._find(key)
        return found
