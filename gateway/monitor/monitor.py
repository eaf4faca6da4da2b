"""
What the monitor knows: the public items of the last days, kept up with the database.

All of it is in memory and made anew after a restart; what citizens wrote stands nowhere in plain.
What became of an item is asked each time, so a person's decision is seen here whoever carried it
out, in this process or another.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence

import structlog

from gateway.craft import Craft
from gateway.monitor.groups import Groups
from gateway.monitor.item import Item
from gateway.monitor.rising import DAY, SPAN
from gateway.monitor.sources import Around, Mentions, Signals, Source
from gateway.monitor.usual import MOST_DAYS
from gateway.signals import EVENT
from normalizer.report import Neighbour

log = structlog.get_logger()

WINDOW = (MOST_DAYS + 1) * DAY + SPAN
#: So many of each kind are kept, about 4 KB each.
MOST = 3_000
#: Read at a time: the craft has citizens to serve.
SLICE = 20
EVERY_SECONDS = 5.0
#: New reports are looked for this far back, and in all days only now and then: the table is large.
RECENT = 3_600_000
WHOLE = 300_000


class Monitor:
    """The public items, newest first."""

    def __init__(self, around: Around, *, clock: Callable[[], int]) -> None:
        self._around = around
        self._clock = clock
        self._signals = Signals(around)
        self._mentions = Mentions(around)
        #: Everything that was looked at, also what is not to be shown, and its stamp.
        self._stamps: dict[str, object] = {}
        self._items: dict[str, Item] = {}
        #: All of it, newest first, as of a version.
        self._sorted: list[Item] = []
        self._sorted_at = -1
        self._groups = Groups()
        self._looking = asyncio.Lock()
        self._whole_at = 0
        #: Called when something has changed.
        self.watching: list[Callable[[], None]] = []
        #: One more with every change.
        self.version = 0
        #: Whether all that is kept has been read since the start.
        self.caught_up = False

    async def run(self) -> None:
        """Keep up until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY_SECONDS)

    def items(self, agency: str = "") -> list[Item]:
        """What somebody may see, newest first; an agency sees its own reports alone."""
        if self._sorted_at != self.version:
            self._sorted = sorted(self._items.values(), key=lambda item: item.at, reverse=True)
            self._sorted_at = self.version
        return [
            item for item in self._sorted if item.source != EVENT and agency in ("", item.agency)
        ]

    def events(self) -> list[Item]:
        """What the gateway itself tells: many people report the same; newest first."""
        found = [item for item in self._items.values() if item.source == EVENT]
        return sorted(found, key=lambda item: item.at, reverse=True)

    def find(self, name: str) -> Item | None:
        """One item by its name."""
        return self._items.get(name)

    def groups(self, items: Sequence[Item]) -> list[list[Item]]:
        """Those of these that tell of the same incident, the largest group first."""
        return sorted(self._groups.of(items).values(), key=len, reverse=True)

    async def look(self) -> None:
        """Take what is new and what has changed."""
        async with self._looking:
            now = self._clock()
            whole = now - self._whole_at >= WHOLE
            since = now - WINDOW
            changed = await self._keep_up(self._signals, "s", since=since, whole=True)
            recent = since if whole else now - RECENT
            changed |= await self._keep_up(self._mentions, "r", since=recent, whole=whole)
            if whole:
                self._whole_at = now
        if changed or not self.caught_up:
            self.caught_up = True
            self._tell()

    async def _keep_up(self, source: Source, kind: str, *, since: int, whole: bool) -> bool:
        # What is shown is asked for each time: an erased post must not stay until all is looked at.
        shown = [] if whole else [name for name in self._items if name[0] == kind]
        stamps = await source.stamps(since=since, limit=MOST, known=shown)
        known = self._stamps if whole else shown
        gone = [name for name in known if name[0] == kind and name not in stamps]
        self._forget(gone)
        wanted = [name for name, stamp in stamps.items() if self._stamps.get(name) != stamp]
        # The newest come first; each is compared with what came before it.
        for names in _slices(wanted[::-1]):
            items = await source.read(names)
            await self._group([item for item in items if item.source != EVENT])
            read = {item.name: item for item in items}
            for name in names:
                self._stamps[name] = stamps[name]
                self._items.pop(name, None)
            self._items |= read
            self._tell()
        return bool(wanted or gone)

    async def _group(self, items: Sequence[Item]) -> None:
        """Compare them with those they share keys with."""
        beside = {item.name: item for item in items}
        found = self._groups.candidates(items)
        asked = [
            (item, [each for name in names if (each := self._items.get(name) or beside.get(name))])
            for item, names in zip(items, found, strict=True)
        ]
        asked = [(item, others) for item, others in asked if others]
        if not asked:
            return
        pairs = [(item.complaint, [_neighbour(item, one) for one in near]) for item, near in asked]
        for (item, _), kin in zip(
            asked, await self._around.workshop.run(Craft.kin, pairs), strict=True
        ):
            self._groups.join(item.name, kin)

    def _forget(self, names: Sequence[str]) -> None:
        for name in names:
            del self._stamps[name]
            self._items.pop(name, None)
        self._groups.forget(names)

    def _tell(self) -> None:
        self.version += 1
        for watching in self.watching:
            watching()


def _neighbour(item: Item, other: Item) -> Neighbour:
    return Neighbour(
        record_id=other.name,
        cluster=other.name,
        same_sender=item.sender == other.sender,
        said=other.complaint,
    )


def _slices(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[start : start + SLICE] for start in range(0, len(names), SLICE))
