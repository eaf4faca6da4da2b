"""
*Tenggat*: what is overdue, at risk or due soon, in working days, oldest first; how agencies stand.

The week as a PDF and a workbook for the meeting: gateway/console/deadlines_week.py.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from typing import Literal, get_args
from urllib.parse import urlencode

from aiohttp import web
from msgspec.structs import asdict

from forwarder.ports import Transaction
from gateway import due
from gateway.access.person import Person, Right
from gateway.build import DAY_MS
from gateway.build_craft import build_clock
from gateway.console import deadlines_week
from gateway.console.frame import ROOT, Entry, office_of, person_of, show
from gateway.console.office import Office
from gateway.figures.weekly import Late, lateness
from gateway.naming import moment
from normalizer.deadlines import Clock

PATH = f"{ROOT}/deadlines"
PAGE = 50
MOST_PAGES = 1_000
#: Working days ahead that are soon.
SOON = 5
#: What was done in time is counted so far back.
BACK_DAYS = 30

Show = Literal["overdue", "risk", "soon"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address asks for."""

    show: Show
    agency: str
    page: int

    def address(self, **changes: object) -> str:
        """The page with changes; on its first page unless that is the change."""
        values = {"show": self.show, "agency": self.agency, "page": 1, **changes}
        usual = {"show": "overdue", "agency": "", "page": 1}
        query = urlencode({name: value for name, value in values.items() if value != usual[name]})
        return f"{PATH}?{query}" if query else PATH


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an agency stands with all its steps."""

    agency: str | None
    in_time: int
    at_risk: int
    overdue: int
    met: int
    late: int

    @property
    def share(self) -> float | None:
        """Of what ended, what ended in time."""
        ended = self.met + self.late
        return self.met / ended if ended else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the page shows."""

    standings: list[Standing]
    cases: list[Late]
    more: bool
    #: Cases that are overdue; a case may be so with several steps.
    behind: int


def routes(office: Office) -> list[Entry]:
    """The page, and the week as files."""
    clock = build_clock(office.parts.settings)
    page = Entry("GET", PATH, partial(_look, clock), Right.READ)
    return [page, *deadlines_week.routes(PATH, clock)]


async def _look(clock: Clock, request: web.Request) -> web.StreamResponse:
    asked, person, office = _asked(request), person_of(request), office_of(request)
    now = office.clock()
    read = partial(_read, clock=clock, asked=asked, person=person, now=now)
    found = await office.parts.store.read(read)
    total = _total(found.standings)
    return show(
        request,
        "deadlines.html",
        asked=asked,
        found=found,
        total=total,
        week=deadlines_week.last_week(clock, now),
        soon=SOON,
        back=BACK_DAYS,
        unrouted=due.UNROUTED,
        kinds=get_args(Show),
    )


def _asked(request: web.Request) -> Asked:
    query = request.query
    wished, page = query.get("show", ""), query.get("page", "")
    number = int(page) if page.isdecimal() else 1
    return Asked(
        show=wished if wished in get_args(Show) else "overdue",  # type: ignore[arg-type] # checked
        agency=person_of(request).agency or query.get("agency", ""),
        page=min(max(number, 1), MOST_PAGES),
    )


def _read(tx: Transaction, *, clock: Clock, asked: Asked, person: Person, now: int) -> Found:
    counts = due.lately(tx, since=now - BACK_DAYS * DAY_MS, now=now, agency=person.agency)
    until, between = _span(clock, asked.show, now)
    cases = due.cases(
        tx,
        until=until,
        between=between,
        agency=asked.agency,
        limit=PAGE + 1,
        skip=(asked.page - 1) * PAGE,
        each=False,
    )
    return Found(
        standings=_standings(counts),
        cases=lateness(clock, cases[:PAGE], now),
        more=len(cases) > PAGE,
        behind=due.behind(tx, now=now, agency=person.agency),
    )


def _span(clock: Clock, wished: Show, now: int) -> tuple[int, due.Between]:
    """Until when somebody should have been warned, and between which times it is due."""
    if wished == "overdue":
        return now, (0, now)
    if wished == "risk":
        return now, (now, due.FOREVER)
    today = moment(now).astimezone(clock.zone).date()
    after = clock.calendar.after(today, SOON) + timedelta(days=1)
    end = datetime.combine(after, time(), clock.zone)
    return due.FOREVER, (now, int(end.timestamp() * 1000))


def _standings(counts: list[due.Count]) -> list[Standing]:
    """By agency, the one with most behind first."""
    sums: dict[str | None, dict[str, int]] = {}
    for count in counts:
        values = {name: value for name, value in asdict(count).items() if isinstance(value, int)}
        before = sums.get(count.agency, {})
        sums[count.agency] = {name: before.get(name, 0) + value for name, value in values.items()}
    standings = [Standing(agency=agency, **values) for agency, values in sums.items()]
    return sorted(standings, key=lambda one: (-one.overdue, -one.at_risk, one.agency or ""))


def _total(standings: list[Standing]) -> Standing:
    names = ("in_time", "at_risk", "overdue", "met", "late")
    sums = {name: sum(getattr(one, name) for one in standings) for name in names}
    return Standing(agency=None, **sums)
