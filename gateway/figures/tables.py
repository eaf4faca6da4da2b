"""
The figures by day and month: all SQL on `figures` and `figure_marks`.

A mark says that something about a day has changed; it is written with the change and goes with the
new figures of that day, so none is lost. Months are sums of days: a year is read from twelve rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

import msgspec

from forwarder.ports import Row, Transaction
from gateway.figures.folding import Key, Kind, Sum
from gateway.figures.periods import EPOCH, Period

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
MARKS = 5_000

COLUMNS = ("agency", "kind", "span", "start", "value", *Sum.__struct_fields__)
MARKED = "select id, start from figure_marks where span = :span order by id limit :limit"
UNMARK = "delete from figure_marks where id {among:ids}"
SEEN = """
select received_at, channel, type, topic, agency, place, state, relation, answered_at, closed_at
from board where received_at >= :since and received_at < :until
"""
CLEAR = "delete from figures where span = :span and start = :start"
MONTH = """
select agency, kind, value, sum(reports), sum(answered), sum(followed), sum(closed), sum(repeats)
from figures where span = 'day' and start >= :first and start < :after
group by agency, kind, value
"""
SPLIT = """
select value, sum(reports), sum(answered), sum(followed), sum(closed), sum(repeats)
from figures where agency = :agency and kind = :kind and span = :span
    and start >= :first and start < :after
group by value
"""
BY_DAY = """
select start, reports, answered, followed, closed, repeats from figures
where agency = :agency and kind = 'all' and span = 'day' and start >= :first and start < :after
order by start
"""
FORGET = "delete from figures"
FORGET_MARKS = "delete from figure_marks"
EVERY_DAY = "select distinct received_at / :day from board"


class Marked(msgspec.Struct, frozen=True, kw_only=True):
    """Days or months to count again, and the marks that say so."""

    starts: tuple[int, ...]
    ids: Mapping[int, list[int]]


def mark(tx: Transaction, received: Iterable[int]) -> None:
    """Something about reports received at these times has changed; in the same transaction."""
    days = sorted({at // DAY_MS for at in received})
    tx.insert("figure_marks", ("span", "start"), [("utc", day) for day in days])


def marked(tx: Transaction, span: str) -> Marked:
    """What is to be counted again; `span` is utc (a day there) or month."""
    ids: dict[int, list[int]] = {}
    for id_, start in tx.all(MARKED, span=span, limit=MARKS):
        ids.setdefault(start, []).append(id_)
    return Marked(starts=tuple(sorted(ids)), ids=ids)


def begin_anew(tx: Transaction) -> None:
    """Count every day again: the office's clock or the way of counting is another one."""
    tx.run(FORGET)
    tx.run(FORGET_MARKS)
    days = [row[0] for row in tx.all(EVERY_DAY, day=DAY_MS)]
    tx.insert("figure_marks", ("span", "start"), [("utc", day) for day in days])


def seen_on(tx: Transaction, day: int, utc_hours: int) -> list[Row]:
    """The board's rows of a day by the office's clock."""
    since = day * DAY_MS - utc_hours * HOUR_MS
    return tx.all(SEEN, since=since, until=since + DAY_MS)


def put_day(
    tx: Transaction, day: int, sums: Mapping[Key, Sum], *, seen: Sequence[int], month: int
) -> None:
    """The figures of a day, in place of those there are; a month before `month` is summed again."""
    _put(tx, "day", day, sums)
    tx.run(UNMARK, ids=list(seen))
    if month_of(day) < month:
        mark_month(tx, month_of(day))


def mark_month(tx: Transaction, month: int) -> None:
    """A month's days have changed, or it is over now."""
    tx.insert("figure_marks", ("span", "start"), [("month", month)])


def month_sums(tx: Transaction, month: int) -> dict[Key, Sum]:
    """The sums of a month's days."""
    first, after = _days_of(month)
    rows = tx.all(MONTH, first=first, after=after)
    return {(row[0], row[1], row[2]): _sum(row[3:]) for row in rows}


def put_month(tx: Transaction, month: int, sums: Mapping[Key, Sum], seen: Sequence[int]) -> None:
    """The same for a month."""
    _put(tx, "month", month, sums)
    tx.run(UNMARK, ids=list(seen))


def split(tx: Transaction, agency: str, kind: Kind, period: Period) -> dict[str, Sum]:
    """A period's reports by what they are split by; `agency` empty is the whole office."""
    found: dict[str, Sum] = {}
    for span, first, after in parts_of(period):
        for row in tx.all(SPLIT, agency=agency, kind=kind, span=span, first=first, after=after):
            found.setdefault(row[0], Sum()).add(_sum(row[1:]))
    return found


def by_day(tx: Transaction, agency: str, period: Period) -> dict[date, Sum]:
    """A period's reports by day; days without any are left out."""
    first, after = number_of(period.first), number_of(period.last) + 1
    rows = tx.all(BY_DAY, agency=agency, first=first, after=after)
    return {EPOCH + timedelta(days=row[0]): _sum(row[1:]) for row in rows}


def parts_of(period: Period) -> list[tuple[str, int, int]]:
    """
    A period as spans of whole months and of the days around them, each up to its end.

    The last month is read by days: it may be the one that goes on, which is not summed yet.
    """
    first, after = number_of(period.first), number_of(period.last) + 1
    begins, ends = month_of(first), month_of(after - 1)
    if _days_of(begins)[0] < first:
        begins += 1
    if begins >= ends:
        return [("day", first, after)]
    inner, outer = _days_of(begins)[0], _days_of(ends)[0]
    parts = [("day", first, inner), ("month", begins, ends), ("day", outer, after)]
    return [part for part in parts if part[1] < part[2]]


def number_of(day: date) -> int:
    """Days since 1970."""
    return (day - EPOCH).days


def month_of(day: int) -> int:
    """Months since 1970 of a day's number."""
    at = EPOCH + timedelta(days=day)
    return (at.year - EPOCH.year) * 12 + at.month - 1


def _days_of(month: int) -> tuple[int, int]:
    """A month's first day, and the first one behind it."""
    first, after = (
        date(EPOCH.year + number // 12, number % 12 + 1, 1) for number in (month, month + 1)
    )
    return number_of(first), number_of(after)


def _put(tx: Transaction, span: str, start: int, sums: Mapping[Key, Sum]) -> None:
    tx.run(CLEAR, span=span, start=start)
    rows = [
        (agency, kind, span, start, value, *msgspec.structs.astuple(one))
        for (agency, kind, value), one in sums.items()
    ]
    tx.insert("figures", COLUMNS, rows)


def _sum(values: Sequence[int]) -> Sum:
    return Sum(**dict(zip(Sum.__struct_fields__, map(int, values), strict=True)))
