"""
Until when what must have happened: config/deadlines.toml applied to one report; pure.

Working days are counted by the office's clock from the day the citizen wrote, which is not counted
itself; a deadline is the last second of its day. Promises in hours run from the very moment. Which
days nobody works is told from outside, for years as they are asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from typing import Annotated, Literal, TypeAlias

import msgspec

from normalizer.record import Deadlines
from normalizer.remembered import Remembered
from normalizer.wording import State

StepName = Literal["promise", "verify", "follow_up", "solve"]
Days = Annotated[int, msgspec.Meta(ge=0, le=400)]
#: The days of a year on which public offices are closed, weekends aside.
DaysOff = Callable[[int], frozenset[date]]

DAY = timedelta(days=1)
LAST_SECOND = time(23, 59, 59)
REMEMBERED = 4_096
# The number of a step, its working days, and from which day on they count.
_DaysAfter: TypeAlias = tuple[int, int, date]


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that must happen in time."""

    name: StepName
    #: 0: none, or `hours` say it.
    working_days: Days = 0
    #: Round the clock, holidays or not.
    hours: Annotated[float, msgspec.Meta(ge=0, le=9600)] = 0
    #: Working days by type of report, 0 for none; the others have `working_days`.
    types: dict[str, Days] = {}
    #: The step whose deadline this one is counted from; empty: from when the citizen wrote.
    after: StepName | Literal[""] = ""
    #: At risk so many working days before, or hours where the step counts hours.
    warn: Annotated[float, msgspec.Meta(ge=0)] = 1
    #: States of a case in which this has happened.
    met_by: tuple[State, ...] = ("selesai", "diarsipkan", "dibatalkan")


class DeadlinesFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """config/deadlines.toml."""

    #: Days of the week without work: 6 is Saturday, 7 Sunday.
    weekend: tuple[Annotated[int, msgspec.Meta(ge=1, le=7)], ...] = (6, 7)
    #: National holidays and joint leave (cuti bersama) are no working days.
    holidays: bool = True
    #: Days off of this office alone, and days it works although the calendar says no.
    off: tuple[date, ...] = ()
    worked: tuple[date, ...] = ()
    #: A time of writing longer ago than so many days is not believed: the arrival counts.
    oldest: Days = 30
    step: tuple[Step, ...] = ()


class DeadlinesError(Exception):
    """The file cannot be used; the message says where and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """When a step must have happened, and from when on somebody should be reminded."""

    step: Step
    warn_at: datetime
    due_at: datetime


class Calendar:
    """The working days of one office."""

    def __init__(self, file: DeadlinesFile, days_off: DaysOff) -> None:
        if len({*file.weekend}) >= 7:  # noqa: PLR2004 (days of a week)
            raise DeadlinesError("weekend leaves no day to work on")
        self._weekend = frozenset(file.weekend)
        self._off = frozenset(file.off)
        self._worked = frozenset(file.worked)
        self._days_off: DaysOff = days_off if file.holidays else lambda _: frozenset()
        #: What was counted before: many reports a day ask for the same few days.
        self._counted: dict[tuple[date, int], date] = {}

    def works(self, day: date) -> bool:
        """Whether the office works on this day."""
        if day in self._worked:
            return True
        if day.isoweekday() in self._weekend or day in self._off:
            return False
        return day not in self._days_off(day.year)

    def after(self, day: date, count: int) -> date:
        """The `count`th working day after `day`; before it, for a negative count."""
        found = self._counted.get((day, count))
        if found is None:
            if len(self._counted) >= REMEMBERED:
                self._counted.clear()
            found = self._counted[day, count] = self._count(day, count)
        return found

    def between(self, first: date, last: date) -> int:
        """How many working days lie after `first`, up to `last`."""
        days = range(1, (last - first).days + 1)
        return sum(self.works(first + timedelta(days=number)) for number in days)

    def _count(self, day: date, count: int) -> date:
        way = DAY if count > 0 else -DAY
        for _ in range(abs(count)):
            day += way
            while not self.works(day):
                day += way
        return day


class Clock:
    """The deadlines of an office's reports."""

    def __init__(self, file: DeadlinesFile, utc_hours: int, days_off: DaysOff) -> None:
        """`utc_hours` is how far its clock is ahead of UTC; raises DeadlinesError."""
        _check(file.step)
        self.calendar = Calendar(file, days_off)
        self.zone: tzinfo = timezone(timedelta(hours=utc_hours))
        self._oldest = timedelta(days=file.oldest)
        self._steps = file.step
        #: The deadlines of most reports are those of others that came on the same day.
        self._after_days = Remembered[_DaysAfter, Due](self._counted)

    def due(self, type_: str | None, sent_at: datetime | None, received_at: datetime) -> list[Due]:
        """Every step of a report of this type, in the order of the file."""
        began = self._began(sent_at, received_at)
        dues: dict[str, Due] = {}
        for number, step in enumerate(self._steps):
            before = dues.get(step.after)
            if step.after and before is None:
                continue
            since = before.due_at if before else began
            if found := self._due(number, type_, since.astimezone(self.zone)):
                dues[step.name] = found
        return list(dues.values())

    def of(self, type_: str | None, sent_at: datetime | None, received_at: datetime) -> Deadlines:
        """The same as they stand in the record."""
        dues = self.due(type_, sent_at, received_at)
        return Deadlines(**{f"{due.step.name}_by": due.due_at for due in dues})

    def _began(self, sent_at: datetime | None, received_at: datetime) -> datetime:
        """When the citizen wrote, unless a wrong clock says so."""
        if sent_at and received_at - self._oldest <= sent_at <= received_at:
            return sent_at
        return received_at

    def _due(self, number: int, type_: str | None, began: datetime) -> Due | None:
        step = self._steps[number]
        if step.hours:
            due_at = began + timedelta(hours=step.hours)
            return Due(step=step, due_at=due_at, warn_at=due_at - timedelta(hours=step.warn))
        count = step.types.get(type_ or "", step.working_days)
        return self._after_days[number, count, began.date()] if count else None

    def _counted(self, asked: _DaysAfter) -> Due:
        number, count, began = asked
        step = self._steps[number]
        day = self.calendar.after(began, count)
        warned = self.calendar.after(day, -min(round(step.warn), count - 1))
        return Due(
            step=step,
            due_at=datetime.combine(day, LAST_SECOND, self.zone),
            warn_at=datetime.combine(warned, time(), self.zone),
        )


def _check(steps: Sequence[Step]) -> None:
    known: Mapping[str, Step] = {}
    for step in steps:
        if step.name in known:
            raise DeadlinesError(f"step {step.name} stands there twice")
        if step.after and step.after not in known:
            raise DeadlinesError(
                f"step {step.name} comes after {step.after}, which is not above it"
            )
        if step.hours and (step.working_days or step.types):
            raise DeadlinesError(f"step {step.name} has hours and working days")
        known = {**known, step.name: step}
