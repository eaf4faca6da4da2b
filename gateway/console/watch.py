"""
*Pantau*: what is said in public, live; one click makes a report of it.

What a rule or a feed found was not said to us, and networks let nobody answer it by program: X
takes a reply only from who was named. So the answer is put ready, with the case code in it, and the
officer sends it with the office's own account.
"""

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast
from urllib.parse import urlencode

from aiohttp import web

from forwarder.ports import Transaction
from gateway import records, signals
from gateway.access.person import Right
from gateway.access.trail import enter
from gateway.console.frame import ROOT, Entry, go, person_of, sentences_of, show
from gateway.console.office import Office
from gateway.console.pictures import Shape, bars, picture
from gateway.console.saying import Saying
from gateway.console.watch_budget import Budget, budget
from gateway.console.watch_view import Wish, columns, news, place_name, volume
from gateway.filing import Filing
from gateway.internal import file_for
from gateway.monitor.item import Item
from normalizer.codes import read_case_code

if TYPE_CHECKING:
    from channels.x_options import XOptions

PATH = f"{ROOT}/watch"
ONE = f"{PATH}/{{number:[0-9]{{1,18}}}}"
#: Of the picture: about as wide as its card, so that its letters have their size.
WIDTH = 440
_POST = re.compile(r"https://(?:x|twitter)\.com/\w+/status/(\d{1,20})", re.ASCII)


def routes(office: Office) -> list[Entry]:
    """The page, its picture, and what can be done with a signal."""
    office.parts.monitor.watching.append(lambda: office.news.tell("watch"))
    return [
        Entry("GET", PATH, partial(_watch, office), Right.READ),
        Entry("GET", f"{PATH}/volume.svg", partial(_volume, office), Right.READ),
        Entry("POST", f"{ONE}/report", partial(_report, office), Right.HANDLE),
        Entry("POST", f"{ONE}/hide", partial(_hide, office), Right.HANDLE),
        Entry("POST", f"{ONE}/show", partial(_show_again, office), Right.HANDLE),
    ]


async def _watch(office: Office, request: web.Request) -> web.StreamResponse:
    monitor, person, now = office.parts.monitor, person_of(request), office.clock()
    wish = Wish.of(request.query)
    shown = columns(monitor, person, wish, list(office.parts.channels))
    items = [item for column in shown for item in column.items]
    hours, counts = volume(monitor, person, now)
    return show(
        request,
        "watch.html",
        columns=shown,
        configured=bool(shown),
        caught_up=monitor.caught_up,
        wish=wish,
        news=news(monitor, person, now),
        events=[] if person.agency else monitor.events()[:5],
        place_name=place_name,
        hours=hours,
        counts=counts,
        monitor_version=monitor.version,
        codes=await _codes(office, [*items, *monitor.events()[:5]]),
        budget=None if person.agency else await _budget(office),
        may_handle=person.may(Right.HANDLE) and not person.agency,
        made=_made(office, request),
        more=_address(replace(wish, shown=wish.shown * 4)),
    )


async def _volume(office: Office, request: web.Request) -> web.StreamResponse:
    words = sentences_of(request)
    saying = Saying(sentences=words, zone=office.zone, now=office.clock())
    hours, counts = volume(office.parts.monitor, person_of(request), office.clock())
    labels = [saying.when(hour).split()[3] for hour in hours]
    series = {words["watch"]["columns"][name]: values for name, values in counts.items()}
    title = words["watch"]["volume"]
    return await picture(
        request,
        lambda shape: bars(title, labels, series or {"": [0] * len(labels)}, shape),
        Shape(width=WIDTH, height=210, stacked=True),
    )


# --- what can be done with a signal -------------------------------------------------------------


async def _report(office: Office, request: web.Request) -> web.StreamResponse:
    number = await _signal(office, request)
    try:
        filed = await file_for(office.parts, Filing(signal=number, who=person_of(request).login))
    except LookupError:
        raise web.HTTPNotFound from None
    await office.parts.monitor.look()
    raise go(f"{PATH}?{urlencode({'made': filed.case_code, 'of': number})}")


async def _hide(office: Office, request: web.Request) -> web.StreamResponse:
    number, who, now = await _signal(office, request), person_of(request).login, office.clock()

    def write(tx: Transaction) -> None:
        if signals.hide(tx, number, who=who, now=now):
            enter(tx, who=who, what=f"put signal {number} aside", now=now)

    await office.parts.store.write(write)
    await office.parts.monitor.look()
    raise go(f"{PATH}?{urlencode({'aside': number})}")


async def _show_again(office: Office, request: web.Request) -> web.StreamResponse:
    number, who, now = await _signal(office, request), person_of(request).login, office.clock()

    def write(tx: Transaction) -> None:
        if signals.show(tx, number):
            enter(tx, who=who, what=f"took signal {number} back", now=now)

    await office.parts.store.write(write)
    await office.parts.monitor.look()
    raise go(f"{PATH}#s{number}")


async def _signal(office: Office, request: web.Request) -> int:
    """The number in the address; signals are the whole office's, no agency's."""
    number = int(request.match_info["number"])
    if person_of(request).agency:
        raise web.HTTPForbidden
    if office.parts.monitor.find(f"s{number}") is None:
        raise web.HTTPNotFound
    return number


# --- what the page says beside the items ---------------------------------------------------------


async def _codes(office: Office, items: list[Item]) -> dict[str, str]:
    """Case codes of the reports that were made of signals, by their record ids."""
    wanted = sorted({item.record_id for item in items if item.record_id and not item.case_code})
    if not wanted:
        return {}
    return await office.parts.store.read(partial(records.codes_of, record_ids=wanted))


async def _budget(office: Office) -> Budget | None:
    """What reading X may still cost; None where it is not read."""
    options = office.parts.settings.channels.get("x")
    if options is None:
        return None
    asked = partial(budget, options=cast("XOptions", options), now=office.clock())
    return await office.parts.store.read(asked)


def _made(office: Office, request: web.Request) -> dict[str, str] | None:
    """What was just done, from the address: the report's code and an answer that names it."""
    aside, number = request.query.get("aside", ""), request.query.get("of", "")
    if aside.isdecimal():
        return {"aside": aside}
    code = read_case_code(request.query.get("made", ""))
    if not code:
        return None
    item = office.parts.monitor.find(f"s{number}")
    words = sentences_of(request)["watch"]["answer"].format(code)
    found = _POST.fullmatch(item.url) if item else None
    link = {"in_reply_to": found[1], "text": words} if found else {}
    return {
        "code": code,
        "answer": words,
        "post": item.url if item else "",
        "intent": f"https://x.com/intent/post?{urlencode(link)}" if link else "",
    }


def _address(wish: Wish) -> str:
    asked = {"q": wish.words, "hidden": "1" if wish.hidden else "", "n": str(wish.shown)}
    return f"{PATH}?{urlencode({name: value for name, value in asked.items() if value})}"
