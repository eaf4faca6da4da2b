"""A period's figures as a page shows them, read from the tables kept by day and month."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

import msgspec

from forwarder.ports import Transaction
from gateway.figures import tables
from gateway.figures.folding import SPLITS, Kind, Sum
from gateway.figures.periods import Period
from gateway.figures.spans import MEDIAN, MOST, at_share

#: Periods up to so many days are drawn by day, up to so many by week; longer ones by month.
BY_DAY, BY_WEEK = 45, 190
#: Of a split, the largest stand by themselves, the rest together.
LARGEST = 12
REST = "…"


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How a period was."""

    period: Period
    total: Sum
    splits: Mapping[Kind, Mapping[str, Sum]]
    #: Milliseconds until half of those that were answered had been, and nine tenths.
    answer: tuple[int | None, int | None]
    #: The same until they were done with.
    close: tuple[int | None, int | None]


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A day, week or month of a course."""

    first: date
    last: date
    sum: Sum


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A value of a split, in the period and in the one it is compared with."""

    value: str
    now: Sum
    before: Sum


def read(tx: Transaction, agency: str, period: Period) -> Figures:
    """All figures of a period; `agency` empty is the whole office."""
    return Figures(
        period=period,
        total=summed(tables.split(tx, agency, "all", period).values()),
        splits={kind: tables.split(tx, agency, kind, period) for kind in SPLITS},
        answer=_lengths(tables.split(tx, agency, "answer", period)),
        close=_lengths(tables.split(tx, agency, "close", period)),
    )


def course(tx: Transaction, agency: str, period: Period) -> list[Point]:
    """How many came when: by day, week or month, the empty ones too."""
    days = tables.by_day(tx, agency, period)
    points, first = [], period.first
    while first <= period.last:
        last = min(_end_of(first, period.days), period.last)
        span = [first + timedelta(days=at) for at in range((last - first).days + 1)]
        one = summed(days[day] for day in span if day in days)
        points.append(Point(first=first, last=last, sum=one))
        first = last + timedelta(days=1)
    return points


def beside(now: Mapping[str, Sum], before: Mapping[str, Sum], most: int = LARGEST) -> list[Line]:
    """The values of a split with both periods, the largest first; what is over stands together."""
    values = sorted({*now, *before}, key=lambda one: (-_reports(now, one), -_reports(before, one)))
    lines = [
        Line(value=value, now=now.get(value, Sum()), before=before.get(value, Sum()))
        for value in values
    ]
    if len(lines) <= most + 1:
        return lines
    over = lines[most:]
    rest = Line(
        value=REST,
        now=summed(line.now for line in over),
        before=summed(line.before for line in over),
    )
    return [*lines[:most], rest]


def summed(sums: Iterable[Sum]) -> Sum:
    """All of them as one."""
    total = Sum()
    for one in sums:
        total.add(one)
    return total


def _end_of(first: date, days: int) -> date:
    """The last day of what a point of a course stands for."""
    if days <= BY_DAY:
        return first
    if days <= BY_WEEK:
        return first + timedelta(days=6 - first.weekday())
    return (first.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _lengths(found: Mapping[str, Sum]) -> tuple[int | None, int | None]:
    steps = {int(step): one.reports for step, one in found.items()}
    return at_share(steps, MEDIAN), at_share(steps, MOST)


def _reports(split: Mapping[str, Sum], value: str) -> int:
    return split[value].reports if value in split else 0
