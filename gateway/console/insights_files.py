"""The pictures of *Ikhtisar*, and its tables as CSV and as a workbook."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Literal

from aiohttp import web

from forwarder.ports import Transaction
from gateway.access.person import Right
from gateway.console.frame import Entry, office_of, person_of, sentences_of
from gateway.console.insights_asked import PATH, Asked, Names, asked_in
from gateway.console.pictures import Shape, bars, line, picture
from gateway.console.saying import Saying
from gateway.figures.folding import SPLITS, Kind, Sum
from gateway.figures.periods import Period
from gateway.figures.reading import Point, beside, course
from gateway.figures.tables import split
from gateway.sheets import XLSX, Cell, Sheet, as_csv, as_xlsx

What = Kind | Literal["course"]
#: All values stand in a file, however many.
ALL = 100_000
WEEK = timedelta(days=7)
#: More than so many days are a line, of which the eye makes more than of so many bars.
MOST_BARS = 16
#: A picture beside another one, and the letters of a name that leave room for its bar.
HALF, SHORT, LONG = 560, 20, 30


def routes(names: Names) -> list[Entry]:
    """For each picture its drawing and its table, and a workbook of all tables."""
    whats: tuple[What, ...] = ("course", *SPLITS)
    return [
        *(
            Entry("GET", f"{PATH}/{what}.svg", partial(_draw, names, what), Right.READ)
            for what in whats
        ),
        *(
            Entry("GET", f"{PATH}/{what}.csv", partial(_csv, names, what), Right.READ)
            for what in whats
        ),
        Entry("GET", f"{PATH}/all.xlsx", partial(_xlsx, names, whats), Right.READ),
    ]


async def _draw(names: Names, what: What, request: web.Request) -> web.StreamResponse:
    """A period beside the other one: lines over many days, bars else."""
    asked, words = asked_in(request), sentences_of(request)["insights"]
    say, title = _saying(request).number, words["titles"][what]
    drawn, shape = bars, Shape(say=say, width=HALF, lying=True, values=True)
    if what == "course":
        points, others = [await _course(request, one) for one in (asked.period, asked.compared)]
        months = sentences_of(request)["saying"]["months"]
        labels = [label(months, point) for point in points]
        values = [[point.sum.reports for point in each] for each in (points, others)]
        drawn, shape = line if len(labels) > MOST_BARS else bars, Shape(say=say)
    else:
        lines = beside(*await _splits(request, asked, what))
        most = SHORT if "narrow" in request.query else LONG
        labels = [_short(names.name(request, what, one.value), most) for one in lines]
        values = [[one.now.reports for one in lines], [one.before.reports for one in lines]]
    # Both periods have a value for each label, also where a month is longer than the other.
    series = {
        words["short"][name]: [*each, *[None] * len(labels)][: len(labels)]
        for name, each in zip(("now", asked.against), values, strict=True)
        if name == "now" or any(each)
    }
    return await picture(request, partial(drawn, title, labels, series), shape)


async def _csv(names: Names, what: What, request: web.Request) -> web.StreamResponse:
    sheet = await _sheet(names, what, request)
    name = f"{what}-{asked_in(request).period.first}.csv"
    return _file(as_csv(sheet.head, sheet.rows), "text/csv; charset=utf-8", name)


async def _xlsx(names: Names, whats: Sequence[What], request: web.Request) -> web.StreamResponse:
    sheets = [await _sheet(names, what, request) for what in whats]
    body = await asyncio.to_thread(as_xlsx, *sheets)
    return _file(body, XLSX, f"ikhtisar-{asked_in(request).period.first}.xlsx")


async def _sheet(names: Names, what: What, request: web.Request) -> Sheet:
    asked, words = asked_in(request), sentences_of(request)["insights"]
    title = words["titles"][what]
    if what == "course":
        points = await _course(request, asked.period)
        head = [words["day_from"], words["day_to"], *words["counted"]]
        rows = [[str(p.first), str(p.last), *_counted(p.sum)] for p in points]
        return Sheet(name=title, head=head, rows=rows)
    now, before = await _splits(request, asked, what)
    head = [title, words["code"], *words["counted"], words[asked.against]]
    lines = beside(now, before, ALL)
    return Sheet(
        name=title,
        head=head,
        rows=[
            [
                names.name(request, what, line.value),
                line.value,
                *_counted(line.now),
                line.before.reports,
            ]
            for line in lines
        ],
    )


def label(months: Sequence[str], point: Point) -> str:
    """A point of a course on its axis: a day, or a month."""
    name = months[point.first.month - 1]
    is_month = point.last - point.first >= WEEK
    return f"{name} {point.first:%y}" if is_month else f"{point.first.day} {name}"


async def _course(request: web.Request, period: Period) -> list[Point]:
    agency = person_of(request).agency
    reading: Callable[[Transaction], list[Point]] = partial(course, agency=agency, period=period)
    return await office_of(request).parts.store.read(reading)


async def _splits(
    request: web.Request, asked: Asked, kind: Kind
) -> tuple[dict[str, Sum], dict[str, Sum]]:
    agency = person_of(request).agency

    def read(tx: Transaction) -> tuple[dict[str, Sum], dict[str, Sum]]:
        return split(tx, agency, kind, asked.period), split(tx, agency, kind, asked.compared)

    return await office_of(request).parts.store.read(read)


def _counted(one: Sum) -> Iterator[Cell]:
    yield from (one.reports, one.answered, one.followed, one.closed, one.repeats)


def _short(name: str, most: int) -> str:
    return name if len(name) <= most else f"{name[: most - 1].rstrip()}…"


def _saying(request: web.Request) -> Saying:
    office = office_of(request)
    return Saying(sentences=sentences_of(request), zone=office.zone, now=office.clock())


def _file(body: bytes, media_type: str, name: str) -> web.Response:
    headers = {
        "Content-Type": media_type,
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return web.Response(body=body, headers=headers)
