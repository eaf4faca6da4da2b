"""
A week of deadlines for the meeting: what came and what ended, by agency, beside the week before.

What ended is told by the clocks; what came, by the board. Cases that are overdue stand with the
working days they are late.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta

import msgspec

from forwarder.ports import Transaction
from gateway import due
from gateway.naming import moment
from normalizer.deadlines import Calendar, Clock

WEEK = timedelta(days=7)
#: Overdue cases in a report; more are counted, not listed.
MOST = 400
# Done with a case; the other steps are on the way to it.
SOLVE = "solve"

CAME = """
select agency, count(*) from board
where received_at >= :since and received_at < :until
    and (type is null or type <> 'bukan_laporan') and (:agency = '' or agency = :agency)
group by agency
"""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """An agency's week; of cases, except what is at risk and overdue, which are steps."""

    agency: str | None
    came: int = 0
    came_before: int = 0
    #: Cases done with, in time and late.
    solved: int = 0
    solved_late: int = 0
    solved_before: int = 0
    solved_late_before: int = 0
    open: int = 0
    at_risk: int = 0
    overdue: int = 0


class Late(msgspec.Struct, frozen=True, kw_only=True):
    """An overdue case."""

    case: due.Case
    #: Working days behind its deadline.
    days: int


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which week, and whose."""

    #: A Monday.
    first: date
    #: Milliseconds since 1970: when all stand as they stand.
    now: int
    #: Empty: all agencies.
    agency: str = ""
    #: Overdue cases that are listed.
    most: int = MOST


class Week(msgspec.Struct, frozen=True, kw_only=True):
    """All of it; `until` is the first day after."""

    first: date
    until: date
    rows: tuple[Row, ...]
    late: tuple[Late, ...]
    #: Cases that are overdue, listed or not.
    behind: int

    @property
    def total(self) -> Row:
        """The sum of all agencies."""
        return _sum(self.rows)


def monday_of(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(days=day.weekday())


def week_of(tx: Transaction, clock: Clock, wanted: Wanted) -> Week:
    """What came and ended in a week, and how all stand now."""
    first, now, agency = wanted.first, wanted.now, wanted.agency
    start, end = _ms(clock, first), _ms(clock, first + WEEK)
    before = _ms(clock, first - WEEK)
    came = _came(tx, start, end, agency)
    came_before: dict[str | None, int] = dict(
        tx.all(CAME, since=before, until=start, agency=agency)
    )
    counted = due.counts(tx, since=start, until=end, now=now, agency=agency)
    earlier = due.counts(tx, since=before, until=start, now=now, agency=agency)
    rows: dict[str | None, Row] = {}
    for one in counted:
        row = rows.get(one.agency, Row(agency=one.agency))
        row = _plus(row, at_risk=one.at_risk, overdue=one.overdue)
        if one.step == SOLVE:
            still = one.in_time + one.at_risk + one.overdue
            row = _plus(row, open=still, solved=one.met + one.late, solved_late=one.late)
        rows[one.agency] = row
    for one in earlier:
        if one.step == SOLVE:
            row = rows.get(one.agency, Row(agency=one.agency))
            done = one.met + one.late
            rows[one.agency] = _plus(row, solved_before=done, solved_late_before=one.late)
    for name, column in (("came", came), ("came_before", came_before)):
        for owner, count in column.items():
            rows[owner] = _plus(rows.get(owner, Row(agency=owner)), **{name: count})
    found = due.cases(tx, until=now, agency=agency, limit=wanted.most, each=False, between=(0, now))
    return Week(
        first=first,
        until=first + WEEK,
        rows=tuple(sorted(rows.values(), key=_worst_first)),
        late=tuple(lateness(clock, found, now)),
        behind=due.behind(tx, now=now, agency=agency),
    )


def lateness(clock: Clock, cases: Iterable[due.Case], now: int) -> list[Late]:
    """Each case with the working days it is late; negative: the days that are left."""
    today = moment(now).astimezone(clock.zone).date()
    dated = [(case, moment(case.due_at).astimezone(clock.zone).date()) for case in cases]
    worked = _worked(clock.calendar, [today, *(until for _, until in dated)])
    return [Late(case=case, days=worked[today] - worked[until]) for case, until in dated]


def _worked(calendar: Calendar, days: Sequence[date]) -> dict[date, int]:
    """The working days passed at the end of each day, from the first of these to the last."""
    day, last = min(days), max(days)
    passed = {day: 0}
    while day < last:
        before, day = day, day + timedelta(days=1)
        passed[day] = passed[before] + calendar.works(day)
    return passed


def _came(tx: Transaction, since: int, until: int, agency: str) -> dict[str | None, int]:
    return dict(tx.all(CAME, since=since, until=until, agency=agency))


def _worst_first(row: Row) -> tuple[int, int, int, str]:
    return -row.overdue, -row.at_risk, -row.came, row.agency or ""


def _plus(row: Row, **more: int) -> Row:
    values = {name: getattr(row, name) + value for name, value in more.items()}
    return msgspec.structs.replace(row, **values)


def _sum(rows: Iterable[Row]) -> Row:
    total = Row(agency=None)
    for row in rows:
        values: Mapping[str, int] = {
            name: value for name, value in msgspec.structs.asdict(row).items() if name != "agency"
        }
        total = _plus(total, **values)
    return total


def _ms(clock: Clock, day: date) -> int:
    return int(datetime.combine(day, time(), clock.zone).timestamp() * 1000)
