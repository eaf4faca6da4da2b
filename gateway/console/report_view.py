"""
One case as its page shows it: read in one transaction, put together, rendered.

The same page comes back after a refusal, with what was typed and what has changed meanwhile.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any

from aiohttp import web

from forwarder.ports import Transaction
from gateway.access.person import Person, Right
from gateway.console import report_parts as parts
from gateway.console.frame import office_of, person_of, show
from gateway.console.report_desk import ReportDesk
from gateway.console.report_map import Drawing, drawing
from gateway.custody import holding, revealing
from gateway.handling import decisions, presence
from gateway.handling.around import points_around
from gateway.handling.choices import TYPES, URGENCIES
from gateway.handling.kin import PAGE_ROWS, Kin, kin_of
from gateway.handling.likely import Likely, likely_for
from gateway.handling.place_choices import Spot
from gateway.handling.presence import Present
from gateway.handling.replying import LONGEST, Ahead, Word
from gateway.handling.seeing import NotHere, Seen, see
from gateway.handling.trace import Event, deeds, news_since, trace_of
from normalizer.privacy import spans_in
from normalizer.record import MapPoint

#: Of another report, beside this one's words.
BESIDE_WORDS = 1_200
MOST_DEEDS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What a form held that was not carried out, or is only being looked at."""

    #: The form's name: reply, transfer, correct, …
    form: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    #: Why not: outdated, empty, long, unknown, refused.
    wrong: str = ""
    #: A sentence of ours that says it closer.
    sentence: str = ""
    #: Places that may have been meant.
    places: Sequence[Spot] = ()
    #: When the page was made that the form stood on; 0: it was this one.
    since: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What was read of a case."""

    seen: Seen
    others: Sequence[Present]
    #: Tells the stream what this page was made of.
    mark: str
    kin: Kin
    likely: Sequence[Likely]
    trace: Sequence[Event]
    #: Who looked at it and who did what, newest first.
    deeds: Sequence[Event]
    ahead: Ahead
    news: Sequence[Event]
    held: bool
    #: This person's last act was about it, a short time ago.
    undoable: bool
    around: Mapping[str, MapPoint]
    asked: Sequence[revealing.Asked]


def code_in(request: web.Request) -> str:
    """The case an address is about."""
    return request.match_info["code"]


def may_see_plain(person: Person) -> bool:
    """Whether somebody may ask for the personal data in a citizen's words."""
    return person.may(Right.REVEAL)


def word_of(values: Mapping[str, str]) -> Word:
    """What the reply box holds."""
    return Word(
        kind="question" if values.get("kind") == "question" else "answer",
        text=values.get("text", "").replace("\r\n", "\n").strip(),
        closes=bool(values.get("closes")),
        everybody=values.get("to", "all") == "all",
        once=values.get("once", ""),
    )


async def page(
    request: web.Request, desk: ReportDesk, typed: Typed | None = None, **extra: object
) -> web.Response:
    """The page of a case; 404 where there is none for this person."""
    person, typed = person_of(request), typed or Typed()
    plain = bool(request.query.get("plain")) and may_see_plain(person)
    now = office_of(request).clock()
    store = desk.office.parts.store

    def enter(tx: Transaction) -> None:
        seen = see(tx, desk.vault, code_in(request), person.agency)
        presence.enter(tx, seen, person, now, plain=plain)

    try:
        await store.write(enter)
        case = await store.read(partial(_read, request=request, desk=desk, typed=typed))
    except NotHere:
        raise web.HTTPNotFound from None
    status = HTTPStatus.CONFLICT if typed.wrong == "outdated" else HTTPStatus.OK
    status = HTTPStatus.UNPROCESSABLE_ENTITY if typed.wrong not in {"", "outdated"} else status
    values = _values(request, desk, case, plain=plain)
    return show(
        request, "report.html", status=status, typed=typed, case=case, now=now, **values, **extra
    )


def _read(tx: Transaction, *, request: web.Request, desk: ReportDesk, typed: Typed) -> Case:
    person, now = person_of(request), office_of(request).clock()
    vault = desk.vault
    seen = see(tx, vault, code_in(request), person.agency)
    record_id = seen.status.record_id
    answering = typed.form == "reply"
    word = word_of(typed.values) if answering else Word(text="")
    kin_page = parts.page_in(request.query.get("kin"), 1 << 20)
    return Case(
        seen=seen,
        others=presence.others(tx, record_id, person.login, now),
        mark=presence.mark_of(tx, record_id, person.login, now),
        kin=kin_of(tx, vault, seen, agency=person.agency, page=kin_page),
        likely=likely_for(tx, vault, seen, agency=person.agency),
        trace=trace_of(tx, vault, seen),
        deeds=deeds(tx, seen, since=0, limit=MOST_DEEDS),
        ahead=desk.replier.ahead(tx, seen, word, now),
        news=news_since(tx, vault, seen, since=typed.since, who=person.login)
        if typed.since
        else (),
        held=bool(holding.held_among(tx, [record_id])),
        undoable=record_id in {one.record_id for one in decisions.last(tx, person.login, now=now)},
        around=points_around(tx, vault, seen, agency=person.agency),
        asked=revealing.open_requests(tx, record_id, now) if person.may(Right.APPROVE) else (),
    )


def _values(request: web.Request, desk: ReportDesk, case: Case, *, plain: bool) -> dict[str, Any]:
    """What the template asks for beside the case itself."""
    record, query = case.seen.record, request.query
    most = None if query.get("words") == "all" else parts.FIRST_WORDS
    file_pages = parts.pages(len(record.attachments), parts.FILES_ROWS)
    file_page = parts.page_in(query.get("files"), file_pages)
    kin_pages = parts.pages(case.kin.reports, PAGE_ROWS)
    chosen = next((one for one in desk.templates if one.name == query.get("template")), None)
    return {
        "record": record,
        "standing": case.seen.status,
        "title": parts.pieces(record.title, spans_in(record.title), plain=plain),
        "words": parts.pieces(record.text, record.privacy_spans, plain=plain, most=most),
        "more_words": most is not None and len(record.text) > most,
        "context": parts.plainly(record.context or "", plain=plain),
        "plain": plain,
        "may_see_plain": may_see_plain(person_of(request)),
        "derived": parts.derived(record, plain=plain),
        "below": parts.below_the_village(record, plain=plain),
        "files": parts.files_of(record, file_page),
        "file_page": file_page,
        "file_pages": file_pages,
        "kin_page": parts.page_in(query.get("kin"), kin_pages),
        "kin_pages": kin_pages,
        "beside": lambda text: parts.plainly(text[:BESIDE_WORDS], plain=False),
        "map": _map(case),
        "types": TYPES,
        "urgencies": URGENCIES,
        "topics": desk.decider.choices.topics,
        "agencies": desk.decider.choices.agencies,
        "places": desk.decider.choices.places.listed,
        "templates": desk.templates,
        "chosen": chosen,
        "filled": chosen.filled(record) if chosen else "",
        "longest": LONGEST,
        "once": secrets.token_hex(8),
        "two_persons": desk.custodian.two_persons,
    }


def _map(case: Case) -> Drawing | None:
    point = case.seen.record.point
    if point is None:
        return None
    return drawing(point, case.around.items())
