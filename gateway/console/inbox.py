"""
*Masuk*: everything that came in, who needs attention first; sorted by keys, one after the other.

The page is a list and nothing else: what was derived stands in each row with how sure it is, one
key accepts it, another opens what it might be instead. Its address holds the whole filter.
"""

from functools import partial
from typing import NamedTuple

from aiohttp import web

from forwarder.ports import Transaction
from gateway import records
from gateway.access.person import Person, Right
from gateway.board import views
from gateway.board.filter import Filter, Scope, scope_of
from gateway.board.found import Found
from gateway.board.found import found as found_by
from gateway.board.listing import MOST, Page, count, page, standing
from gateway.build_craft import build_clock
from gateway.build_routes import build_routes
from gateway.console import inbox_acts
from gateway.console.frame import Entry, person_of, show
from gateway.console.inbox_acts import Desk
from gateway.console.inbox_view import (
    PATH,
    chips,
    filter_in,
    lists,
    tabs,
    told_in,
)
from gateway.console.office import Office
from gateway.craft import Craft
from gateway.handling import decisions
from gateway.handling.choices import TYPES, URGENCIES, read_choices
from gateway.handling.deciding import Decider
from gateway.revise import opened
from gateway.workshop import ThinkingDied
from normalizer.codes import read_case_code
from normalizer.record import Record


class Looked(NamedTuple):
    """What one look into the database gave."""

    found: Page
    total: Found
    standing: tuple[int, ...]
    views: list[views.View]
    #: What the person did last and may take back.
    undo: list[decisions.Decision]


class Picked(NamedTuple):
    """The case whose other values are open to choose from."""

    record: Record
    topics: tuple[str, ...]


def routes(office: Office) -> list[Entry]:
    """The list, and what is done in it."""
    parts = office.parts
    desk = Desk(
        office=office,
        decider=Decider(
            vault=parts.vault,
            centrals=build_routes(parts.settings),
            choices=read_choices(parts.settings),
            deadlines=build_clock(parts.settings),
        ),
    )
    return [
        Entry("GET", PATH, partial(_show, desk), Right.READ),
        Entry("POST", f"{PATH}/search", partial(inbox_acts.search, desk), Right.READ),
        *(
            Entry("POST", f"{PATH}/{name}", partial(act, desk), Right.HANDLE)
            for name, act in inbox_acts.ACTS.items()
        ),
    ]


async def _show(desk: Desk, request: web.Request) -> web.StreamResponse:
    office, person = desk.office, person_of(request)
    wanted = filter_in(request.query_string)
    look = partial(_look, desk=desk, wanted=wanted, person=person)
    looked = await office.parts.store.read(look)
    handles = person.may(Right.HANDLE)
    picked = await _picked(desk, request, person) if handles else None
    choices, at = desk.decider.choices, request.query.get("at", "")[:4]
    return show(
        request,
        "inbox.html",
        wanted=wanted,
        query=wanted.query(),
        looked=looked,
        most=MOST,
        tabs=tabs(wanted),
        chips=list(chips(wanted)),
        lists=lists(list(office.parts.channels), list(choices.topics), choices.agencies),
        told=list(told_in(request.query.get("told", ""))),
        is_whole=office.parts.board.is_whole,
        now=office.clock(),
        at=int(at) if at.isascii() and at.isdigit() else None,
        handles=handles,
        picked=picked,
        choices=choices,
        types=TYPES,
        urgencies=URGENCIES,
    )


def _look(tx: Transaction, *, desk: Desk, wanted: Filter, person: Person) -> Looked:
    vault, scope, now = desk.decider.vault, scope_of(person), desk.office.clock()
    found = page(tx, vault, wanted, scope, now=now)
    return Looked(
        found=found,
        total=_total(tx, desk, wanted, scope, found=found),
        standing=standing(tx, scope),
        views=views.of(tx, person.login),
        undo=list(decisions.last(tx, person.login, now=now)) if person.may(Right.HANDLE) else [],
    )


def _total(tx: Transaction, desk: Desk, wanted: Filter, scope: Scope, *, found: Page) -> Found:
    if not found.next and not wanted.after:
        return Found(len(found.lines))
    vault, now = desk.decider.vault, desk.office.clock()
    if wanted.words:
        return found_by(tx, vault, wanted, scope, now=now)
    many = count(tx, vault, wanted, scope, now=now)
    return Found(MOST, "more_than") if many > MOST else Found(many)


async def _picked(desk: Desk, request: web.Request, person: Person) -> Picked | None:
    """The case whose row is open, with what it may be about; nothing where it is not theirs."""
    code = read_case_code(request.query.get("pick", ""))
    parts = desk.office.parts
    stored = await parts.store.read(partial(_stored, code=code)) if code else None
    if stored is None or stored.data_key is None:
        return None
    record = opened(parts.vault, stored)
    if person.agency and record.agency.value != person.agency:
        return None
    try:
        topics = await parts.workshop.run(Craft.topics, stored)
    except ThinkingDied:
        topics = ()  # the lists below have them all
    return Picked(record, topics)


def _stored(tx: Transaction, *, code: str) -> records.Stored | None:
    status = records.status_of(tx, code)
    found = records.find(tx, status.record_id) if status else None
    return found[1] if found else None
