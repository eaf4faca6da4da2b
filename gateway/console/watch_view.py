"""What *Pantau* shows: columns of what was said, volume, what rises, what is one incident."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from gateway.access.person import Person
from gateway.monitor.item import Item
from gateway.monitor.monitor import Monitor
from gateway.monitor.rising import DAY, HOUR, Rise, days_known, rising
from gateway.monitor.usual import LEAST_DAYS

#: Networks in the order of their columns, by channel.
COLUMNS = ("x", "instagram", "messenger", "rss", "line")
HOURS = 24
#: Of a column on a page, and as often more as is asked for.
SHOWN = 15
MOST_SHOWN = 500
_MOST_GROUPS = 8
_GROUP_DAYS = 3
_MINUTE = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants to see; all of it stands in the address."""

    words: str = ""
    hidden: bool = False
    shown: int = SHOWN

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Wish":
        """Read from an address; what makes no sense counts as not said."""
        shown = query.get("n", "")
        most = min(int(shown), MOST_SHOWN) if shown.isdecimal() and len(shown) < 5 else SHOWN  # noqa: PLR2004 (digits)
        return cls(
            words=query.get("q", "").strip()[:100],
            hidden="hidden" in query,
            shown=max(most, SHOWN),
        )

    def takes(self, item: Item) -> bool:
        """Whether an item is one of those."""
        if item.hidden != self.hidden:
            return False
        if not self.words:
            return True
        said = f"{item.title} {item.text} {item.author} {item.seen.place_name}".casefold()
        return all(word in said for word in self.words.casefold().split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What one network brought, newest first."""

    name: str
    items: Sequence[Item]
    #: How many there are altogether.
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is worth knowing of all items at once."""

    alerts: Sequence[Rise]
    rising: Sequence[Rise]
    groups: Sequence[Sequence[Item]]
    #: How many items tell of the same incident as this one, by its name.
    alike: Mapping[str, int]
    #: Days still to come before anything can be judged; 0: none.
    learning: int


def columns(
    monitor: Monitor, person: Person, wish: Wish, switched_on: Sequence[str]
) -> list[Column]:
    """A column for each network that is switched on or has brought something."""
    brought: dict[str, list[Item]] = {name: [] for name in COLUMNS if name in switched_on}
    for item in monitor.items(person.agency):
        own = brought.setdefault(item.channel, [])
        if wish.takes(item):
            own.append(item)
    return [
        Column(name=name, items=brought[name][: wish.shown], count=len(brought[name]))
        for name in COLUMNS
        if name in brought
    ]


def news(monitor: Monitor, person: Person, now: int) -> News:
    """What rises and what is one incident, of what this person may see."""
    return _news(monitor, monitor.version, person.agency, now // _MINUTE)


def volume(monitor: Monitor, person: Person, now: int) -> tuple[list[int], dict[str, list[int]]]:
    """The last hours by when they begin, and how many items each network brought in them."""
    first = now // HOUR - HOURS + 1
    counts: dict[str, list[int]] = {}
    for item in monitor.items(person.agency):
        if item.at >= first * HOUR and item.at <= now and not item.hidden:
            counts.setdefault(item.channel, [0] * HOURS)[item.at // HOUR - first] += 1
    ordered = {name: counts[name] for name in COLUMNS if name in counts}
    return [(first + hour) * HOUR for hour in range(HOURS)], ordered


def place_name(rise: Rise, code: str) -> str:
    """What a place is called by those who tell of it."""
    names = (item.seen.place_name for item in rise.items if item.seen.place_code == code)
    return next((name for name in names if name), code)


@lru_cache(maxsize=4)
def _news(monitor: Monitor, version: int, agency: str, minute: int) -> News:
    """Of one minute; counting all of it for each who looks would cost more than showing it."""
    del version
    now = (minute + 1) * _MINUTE - 1
    items = [item for item in monitor.items(agency) if not item.hidden]
    found = rising(items, now)
    fresh = [item for item in items if item.at >= now - _GROUP_DAYS * DAY]
    groups = monitor.groups(fresh)
    return News(
        alerts=[rise for rise in found if rise.alerts],
        rising=[rise for rise in found if not rise.alerts],
        groups=groups[:_MOST_GROUPS],
        alike={item.name: len(group) for group in groups for item in group},
        learning=max(0, LEAST_DAYS - days_known(items, now)),
    )
