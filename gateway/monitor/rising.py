"""
Words and places that are told of more often than usual in the last hours, with their evidence.

Subjects of mostly the same items are one piece of news: "banjir", "pondok" and a village rise
together.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.monitor.item import Item, Subject
from gateway.monitor.usual import LEAST, MOST_DAYS, rises, usual

HOUR = 3_600_000
DAY = 24 * HOUR
#: The hours that are compared with the same ones of earlier days.
SPAN = 3 * HOUR
#: So many different people make an alert; one person who repeats themselves does not.
LEAST_SENDERS = 3
_SAME = 0.5
_MOST_SUBJECTS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """Something that is said more often than usual."""

    #: The first one rises most.
    subjects: tuple[Subject, ...]
    #: Newest first.
    items: tuple[Item, ...]
    level: float
    senders: int

    @property
    def since(self) -> int:
        """When the first of them came."""
        return self.items[-1].at

    @property
    def alerts(self) -> bool:
        """Whether enough different people say so."""
        return self.senders >= LEAST_SENDERS


def days_known(items: Sequence[Item], now: int) -> int:
    """How many days before these hours were watched, at most those that are looked at."""
    first = min((item.at for item in items), default=now)
    return max(0, min(MOST_DAYS, (now - SPAN - first) // DAY))


def rising(items: Sequence[Item], now: int) -> list[Rise]:
    """What rises, the strongest first; nothing while there is no habit yet."""
    days = days_known(items, now)
    current: dict[Subject, list[Item]] = {}
    for item in items:
        if now - SPAN < item.at <= now:
            for subject in item.subjects:
                current.setdefault(subject, []).append(item)
    asked = {subject: told for subject, told in current.items() if len(told) >= LEAST}
    before = _before(items, asked, days, now)
    found = []
    for subject, told in asked.items():
        level = usual(before[subject])
        if level is not None and rises(len(told), level):
            found.append(_rise(subject, told, level))
    return _together(sorted(found, key=_weakness))


def _before(
    items: Sequence[Item], asked: Iterable[Subject], days: int, now: int
) -> Mapping[Subject, list[int]]:
    """How often each was told of in the same hours of the days before."""
    counts = {subject: [0] * days for subject in asked}
    wanted = counts.keys()
    for item in items:
        day, into = divmod(now - item.at, DAY)
        if into < SPAN and 1 <= day <= days and wanted:
            for subject in item.subjects & wanted:
                counts[subject][day - 1] += 1
    return counts


def _rise(subject: Subject, told: Sequence[Item], level: float) -> Rise:
    newest_first = sorted(told, key=lambda item: item.at, reverse=True)
    senders = len({item.sender for item in told})
    return Rise(subjects=(subject,), items=tuple(newest_first), level=level, senders=senders)


def _weakness(rise: Rise) -> tuple[float, int, Subject]:
    return -len(rise.items) / rise.level, -len(rise.items), rise.subjects[0]


def _together(rises_: Sequence[Rise]) -> list[Rise]:
    """Subjects that mostly the same items tell of, as one."""
    kept: list[Rise] = []
    for rise in rises_:
        for at, known in enumerate(kept):
            if _alike(rise, known):
                subjects = (*known.subjects, *rise.subjects)[:_MOST_SUBJECTS]
                kept[at] = Rise(
                    subjects=subjects, items=known.items, level=known.level, senders=known.senders
                )
                break
        else:
            kept.append(rise)
    return kept


def _alike(one: Rise, other: Rise) -> bool:
    here, there = ({item.name for item in rise.items} for rise in (one, other))
    return len(here & there) >= _SAME * len(here | there)
