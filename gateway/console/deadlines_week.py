"""*Tenggat*, for the meeting: a week as a PDF and as a workbook."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from functools import partial
from typing import Any

from aiohttp import web

from gateway.access.person import Right
from gateway.console.frame import Entry, language_in, office_of, person_of, sentences_of
from gateway.console.saying import Saying
from gateway.figures.paper import Column, Paper, Table, Tile, printed
from gateway.figures.weekly import MOST, WEEK, Row, Wanted, Week, monday_of, week_of
from gateway.naming import moment
from gateway.sheets import XLSX, Cell, Sheet, as_xlsx
from normalizer.deadlines import Clock

#: In the workbook; a paper holds fewer.
MOST_IN_BOOK = 20_000


def routes(path: str, clock: Clock) -> list[Entry]:
    """The two files of a week."""
    return [
        Entry("GET", f"{path}/week.pdf", partial(_pdf, clock), Right.READ),
        Entry("GET", f"{path}/week.xlsx", partial(_xlsx, clock), Right.READ),
    ]


def last_week(clock: Clock, now: int) -> date:
    """The Monday of the week a meeting on this day speaks about: the last whole one."""
    return monday_of(moment(now).astimezone(clock.zone).date()) - WEEK


async def _pdf(clock: Clock, request: web.Request) -> web.StreamResponse:
    week = await _read(clock, request)
    body = await printed(_paper(request, week))
    return _file(body, "application/pdf", f"tenggat-{week.first}.pdf")


async def _xlsx(clock: Clock, request: web.Request) -> web.StreamResponse:
    week = await _read(clock, request, most=MOST_IN_BOOK)
    words, saying = sentences_of(request)["deadlines"]["paper"], _saying(request)
    sheets = (
        Sheet(name=words["agencies"], head=_head(words), rows=[*_sums(request, week)]),
        Sheet(name=words["late"], head=words["late_head"], rows=[*_late(request, week, saying)]),
    )
    body = await asyncio.to_thread(as_xlsx, *sheets)
    return _file(body, XLSX, f"tenggat-{week.first}.xlsx")


async def _read(clock: Clock, request: web.Request, most: int = MOST) -> Week:
    office = office_of(request)
    now = office.clock()
    try:
        first = monday_of(date.fromisoformat(request.query.get("week", "")))
    except ValueError:
        first = last_week(clock, now)
    wanted = Wanted(first=first, now=now, agency=person_of(request).agency, most=most)
    return await office.parts.store.read(partial(week_of, clock=clock, wanted=wanted))


def _file(body: bytes, media_type: str, name: str) -> web.Response:
    headers = {
        "Content-Type": media_type,
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return web.Response(body=body, headers=headers)


# --- what stands on the paper --------------------------------------------------------------------


def _paper(request: web.Request, week: Week) -> Paper:
    words, saying = sentences_of(request)["deadlines"]["paper"], _saying(request)
    office, now = office_of(request), office_of(request).clock()
    total, person = week.total, person_of(request)
    head = _head(words)
    widths = (0.30, 0.08, 0.10, 0.09, 0.11, 0.11, 0.09, 0.12)
    columns = [
        Column(head=name, width=width, number=at > 0)
        for at, (name, width) in enumerate(zip(head, widths, strict=True))
    ]
    rows = [tuple(_said(saying, cell) for cell in row) for row in _sums(request, week)]
    late_widths = (0.15, 0.34, 0.20, 0.18, 0.13)
    late = [tuple(_said(saying, cell) for cell in row) for row in _late(request, week, saying)]
    unlisted = week.behind and len(late) < week.behind
    return Paper(
        language=language_in(request),
        title=words["title"],
        subtitle=words["subtitle"].format(
            saying.day(_noon(week.first, office.zone)),
            saying.day(_noon(week.until - timedelta(days=1), office.zone)),
        ),
        office=person.agency or words["office"],
        tiles=tuple(_tiles(words, saying, total, week)),
        tables=(
            Table(
                heading=words["agencies"],
                columns=tuple(columns),
                rows=tuple(rows),
                note=words["agencies_note"] if rows else words["nothing"],
                summed=bool(rows),
            ),
            Table(
                heading=words["late"],
                columns=tuple(
                    Column(head=name, width=width, number=at == len(late_widths) - 1)
                    for at, (name, width) in enumerate(
                        zip(words["late_head"], late_widths, strict=True)
                    )
                ),
                rows=tuple(late),
                note=words["late_more"] if unlisted else "" if late else words["none_late"],
            ),
        ),
        foot=words["foot"].format(when=saying.when(now), page="{page}", pages="{pages}"),
    )


def _tiles(words: Mapping[str, Any], saying: Saying, total: Row, week: Week) -> Iterator[Tile]:
    before = words["before"]
    in_time = _share(total.solved - total.solved_late, total.solved)
    was = _share(total.solved_before - total.solved_late_before, total.solved_before)
    yield Tile(
        label=words["came"],
        value=saying.number(total.came),
        note=before.format(saying.number(total.came_before)),
    )
    yield Tile(
        label=words["solved"],
        value=saying.number(total.solved),
        note=before.format(saying.number(total.solved_before)),
    )
    yield Tile(
        label=words["in_time"],
        value=saying.percent(in_time),
        note=before.format(saying.percent(was)),
    )
    yield Tile(
        label=words["behind"],
        value=saying.number(week.behind),
        note=words["risk_note"].format(saying.number(total.at_risk)),
        tone="bad" if week.behind else "good",
    )


def _head(words: Mapping[str, Any]) -> list[str]:
    return list(words["agency_head"])


def _sums(request: web.Request, week: Week) -> Iterator[tuple[Cell, ...]]:
    """A row for each agency, and the sum."""
    words = sentences_of(request)
    for row in week.rows:
        yield _cells(row.agency or str(words["deadlines"]["nobody"]), row)
    if week.rows:
        yield _cells(str(words["deadlines"]["paper"]["sum"]), week.total)


def _cells(name: str, row: Row) -> tuple[Cell, ...]:
    solved = row.solved - row.solved_late
    share = _share(solved, row.solved)
    percent = None if share is None else round(share * 100)
    return (
        *(name, row.came, row.came_before, row.solved, row.solved_before),
        *(percent, row.at_risk, row.overdue),
    )


def _late(request: web.Request, week: Week, saying: Saying) -> Iterator[tuple[Cell, ...]]:
    words = sentences_of(request)["deadlines"]
    for one in week.late:
        yield (
            one.case.case_code,
            one.case.agency or str(words["nobody"]),
            str(words["steps"].get(one.case.step, one.case.step)),
            saying.day(one.case.due_at),
            one.days,
        )


def _noon(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(12), zone)


def _said(saying: Saying, cell: Cell) -> str:
    return cell if isinstance(cell, str) else saying.number(cell)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _saying(request: web.Request) -> Saying:
    office = office_of(request)
    return Saying(sentences=sentences_of(request), zone=office.zone, now=office.clock())
