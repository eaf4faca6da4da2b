"""
*Ikhtisar*: how the office does in a period, beside another one and against the year's target.

The period stands in the address. Figures come from gateway/figures; each picture is an address of
its own with the same query (gateway/console/insights_files.py), and so are its table and all of
them in a workbook.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import partial

from aiohttp import web

from forwarder.ports import Transaction
from gateway.access.person import Right
from gateway.console import insights_files
from gateway.console.frame import Entry, person_of, show
from gateway.console.insights_asked import PATH, Asked, Names, asked_in, names_of
from gateway.console.office import Office
from gateway.figures.folding import SPLITS, Kind, Sum
from gateway.figures.periods import NAMES, Period, named, share_of_year
from gateway.figures.reading import Figures, Line, Point, beside, course, read
from gateway.figures.tables import split
from gateway.sections import Targets


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """How far the office is with what it wants to reach this year."""

    targets: Targets
    reports: int
    #: As many as there should be by today.
    wanted: int
    share_followed: float | None

    @property
    def share(self) -> float:
        """Of the year's target."""
        return self.reports / self.targets.reports if self.targets.reports else 0.0

    @property
    def on_course(self) -> bool:
        """Whether there are as many reports as there should be by today."""
        return self.reports >= self.wanted

    @property
    def follows(self) -> bool:
        """Whether as many are followed up as should be."""
        return round((self.share_followed or 0) * 100, 2) >= self.targets.followed_percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the page shows."""

    now: Figures
    before: Figures
    course: list[Point]
    year: Year | None


def routes(office: Office) -> list[Entry]:
    """The page, its pictures and its tables."""
    names = names_of(office)
    page = Entry("GET", PATH, partial(_look, names), Right.READ)
    return [page, *insights_files.routes(names)]


async def _look(names: Names, request: web.Request) -> web.StreamResponse:
    asked, office, person = asked_in(request), names.office, person_of(request)
    # The targets are the whole office's.
    targets = office.parts.settings.targets if not person.agency else Targets()
    reading = partial(_read, asked=asked, agency=person.agency, targets=targets)
    seen = await office.parts.store.read(reading)
    kinds = [kind for kind in SPLITS if kind != "agency" or not person.agency]
    return show(
        request,
        "insights.html",
        asked=asked,
        seen=seen,
        tables=list(_tables(seen, kinds)),
        name=partial(names.name, request),
        periods=NAMES,
        change=change,
        noon=partial(_noon, office),
    )


def _read(tx: Transaction, *, asked: Asked, agency: str, targets: Targets) -> Seen:
    return Seen(
        now=read(tx, agency, asked.period),
        before=read(tx, agency, asked.compared),
        course=course(tx, agency, asked.period),
        year=_year(tx, asked, agency, targets) if targets != Targets() else None,
    )


def _year(tx: Transaction, asked: Asked, agency: str, targets: Targets) -> Year:
    period: Period = named("year", asked.today)
    total = split(tx, agency, "all", period).get("", Sum())
    return Year(
        targets=targets,
        reports=total.reports,
        wanted=round(targets.reports * share_of_year(asked.today)),
        share_followed=total.share_followed,
    )


def _tables(seen: Seen, kinds: list[Kind]) -> Iterator[Mapping[str, object]]:
    for kind in kinds:
        lines: list[Line] = beside(seen.now.splits[kind], seen.before.splits[kind])
        yield {"kind": kind, "lines": lines}


def _noon(office: Office, day: date) -> datetime:
    """A moment of a day by the office's clock, to be said as the day it is."""
    return datetime.combine(day, time(12), office.zone)


def change(now: float | None, before: float | None) -> float | None:
    """By which share of it something changed; None where there is nothing to compare with."""
    return None if now is None or not before else (now - before) / before
