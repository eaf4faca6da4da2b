"""
The days a page of figures is about, and the days they are compared with; pure.

A period stands in the page's address: by a name that moves on with the days ("days30", "month"), or
by its first and last day.
"""

from calendar import isleap, monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, Protocol, get_args

Name = Literal["days7", "days30", "month", "quarter", "year", "custom"]
Against = Literal["before", "year"]
NAMES: tuple[Name, ...] = get_args(Name)[:-1]
USUAL: Name = "days30"
#: A longer period is cut to its last years.
MOST_DAYS = 3 * 365 + 2
DAY = timedelta(days=1)
EPOCH = date(1970, 1, 1)
QUARTER_MONTHS = 3


class Query(Protocol):
    """As much of an address's query as is read."""

    def get(self, key: str, default: str, /) -> str:
        """The first value, or the default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Days from the first to the last, both counted."""

    first: date
    last: date
    name: Name = "custom"

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    def query(self) -> dict[str, str]:
        """What the address says of it."""
        if self.name != "custom":
            return {"period": self.name}
        return {"from": self.first.isoformat(), "to": self.last.isoformat()}


def read_period(query: Query, today: date) -> Period:
    """The period an address asks for; the usual one where it makes no sense."""
    try:
        first, last = (
            date.fromisoformat(query.get("from", "")),
            date.fromisoformat(query.get("to", "")),
        )
    except ValueError:
        wished = query.get("period", "")
        return named(wished if wished in NAMES else USUAL, today)
    first, last = (min(max(day, EPOCH), today) for day in sorted((first, last)))
    return Period(first=max(first, last - DAY * (MOST_DAYS - 1)), last=last)


def read_against(query: Query) -> Against:
    """What an address compares with."""
    return "year" if query.get("against", "") == "year" else "before"


def named(name: Name, today: date) -> Period:
    """The period of a name; it ends today."""
    first = {
        "days7": today - DAY * 6,
        "days30": today - DAY * 29,
        "month": today.replace(day=1),
        "quarter": _months_on(today, -((today.month - 1) % QUARTER_MONTHS)).replace(day=1),
        "year": today.replace(month=1, day=1),
    }[name]
    return Period(first=first, last=today, name=name)


def compared(period: Period, against: Against) -> Period:
    """
    The days to compare with: the same ones a year earlier, or those before.

    Before a month, quarter or year that has begun are as many days of the one before it.
    """
    months = {"month": 1, "quarter": QUARTER_MONTHS, "year": 12}.get(period.name)
    if against == "year":
        months = 12
    if months is None:
        length = DAY * period.days
        return Period(first=period.first - length, last=period.last - length)
    return Period(first=_months_on(period.first, -months), last=_months_on(period.last, -months))


def share_of_year(today: date) -> float:
    """How much of the year has gone with this day."""
    return today.timetuple().tm_yday / (366 if isleap(today.year) else 365)


def _months_on(day: date, count: int) -> date:
    """The same day some months on; the last of its month where there is no such day."""
    months = day.year * 12 + day.month - 1 + count
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
