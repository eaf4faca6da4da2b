"""
Which public items tell of the same incident: found by fingerprints, decided by comparing.

The few that share keys are looked up here; whether they are about the same is decided where the
rules are (`Craft.kin`). What belongs together is kept as a forest of names.
"""

from collections.abc import Iterable, Mapping, Sequence

from gateway.fingerprints import MOST_OF_A_KEY, ranked
from gateway.monitor.item import Item

#: Names of earlier items an item is compared with.
Candidates = list[str]


class Groups:
    """Names of items by their keys, and which belong together."""

    def __init__(self) -> None:
        #: The newest first; a tuple, because most keys have one name and there are many keys.
        self._by_key: dict[int, tuple[str, ...]] = {}
        self._above: dict[str, str] = {}

    def candidates(self, items: Sequence[Item]) -> list[Candidates]:
        """For each item earlier ones that may be about the same; the items are remembered."""
        found = []
        for item in items:
            alike = [] if item.name in self._above else ranked(item.seen.keys, self._by_key)
            found.append([name for name in alike if name != item.name])
            self._above.setdefault(item.name, item.name)
            for key in item.seen.keys:
                names = self._by_key.get(key, ())
                if item.name not in names:
                    self._by_key[key] = (item.name, *names)[:MOST_OF_A_KEY]
        return found

    def join(self, name: str, others: Iterable[str]) -> None:
        """These are about the same."""
        for other in others:
            here, there = self._first(name), self._first(other)
            if here != there:
                self._above[here] = there

    def of(self, items: Sequence[Item]) -> Mapping[str, list[Item]]:
        """The items of each group, in their order; those alone are left out."""
        groups: dict[str, list[Item]] = {}
        for item in items:
            if item.name in self._above:
                groups.setdefault(self._first(item.name), []).append(item)
        return {name: found for name, found in groups.items() if len(found) > 1}

    def forget(self, names: Iterable[str]) -> None:
        """Items that are out of sight are found no more; what they joined stays joined."""
        gone = set(names)
        firsts = {name: self._first(name) for name in self._above if name not in gone}
        self._above = firsts | {first: first for first in firsts.values()}
        for key, known in list(self._by_key.items()):
            if gone.intersection(known):
                self._by_key[key] = tuple(name for name in known if name not in gone)
                if not self._by_key[key]:
                    del self._by_key[key]

    def _first(self, name: str) -> str:
        while (above := self._above.get(name, name)) != name:
            name = above
        return name
