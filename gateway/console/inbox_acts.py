"""
What is done on page Masuk: accept, correct, many at once, take back, search, keep a view.

A form names each case as `code.revision`, the revision its reader saw, and `.row` where a row's own
button was pressed; the answer leads back to the list with what became of each. Cases are decided
one by one, so one conflict holds up no other; they share one moment, so one undo takes all back.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from aiohttp import web
from multidict import MultiMapping

from forwarder.ports import Transaction
from gateway import records
from gateway.access.person import Person, Right
from gateway.access.trail import enter
from gateway.board import views
from gateway.board.rows import refresh
from gateway.board.searching import is_contact, senders
from gateway.console.frame import go, person_of
from gateway.console.inbox_view import address, filter_in, said_of
from gateway.console.office import Office
from gateway.handling.choices import FIELDS, Field
from gateway.handling.deciding import Decider, Outcome
from gateway.handling.joining import Joiner
from gateway.handling.seeing import NotHere, see
from normalizer.codes import read_case_code

LONGEST = 60
#: More than a page's rows are no bulk that somebody has looked at.
MOST = 200

Form = MultiMapping[str | bytes | bytearray | web.FileField]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the page works with."""

    office: Office
    decider: Decider

    async def decide(self, cases: Mapping[str, int], act: Callable[..., Outcome]) -> str:
        """Do the same to each case, by its code and revision; what became of them, for `told`."""
        store, now = self.office.parts.store, self.office.clock()

        async def decide(code: str, revision: int) -> Outcome:
            work = partial(_known, act=act, code=code, revision=revision, now=now)
            try:
                return await store.write(work)
            except records.Stale:
                return Outcome.CONFLICT

        found = await asyncio.gather(*(decide(code, seen) for code, seen in cases.items()))
        self.office.news.tell("board", *(f"case:{code}" for code in cases))
        return said_of(dict(zip(cases, found, strict=True)))


async def accept(desk: Desk, request: web.Request) -> web.StreamResponse:
    """Accept what is suggested for the cases that were named."""
    form = await request.post()
    act = partial(desk.decider.accept, by=person_of(request))
    raise go(_back(form, told=await desk.decide(_cases(form), act)))


async def correct(desk: Desk, request: web.Request) -> web.StreamResponse:
    """Put other values in place; of a list that was left alone nothing is said."""
    form = await request.post()
    values: dict[Field, str] = {name: _text(form, name) for name in FIELDS if _text(form, name)}
    if not values:
        raise go(_back(form))
    act = partial(desk.decider.correct, by=person_of(request), values=values)
    raise go(_back(form, told=await desk.decide(_cases(form), act)))


async def join(desk: Desk, request: web.Request) -> web.StreamResponse:
    """Make the marked cases one; the first of them in time is what the others repeat."""
    form = await request.post()
    codes = list(_cases(form))
    if len(codes) > 1:
        work = partial(_join, desk=desk, codes=codes, person=person_of(request))
        joined = await desk.office.parts.store.write(work)
        desk.office.news.tell("board", *(f"case:{code}" for code in codes))
        raise go(_back(form, told=said_of(joined)))
    raise go(_back(form))


async def undo(desk: Desk, request: web.Request) -> web.StreamResponse:
    """Take the person's last act back."""
    form = await request.post()
    work = partial(desk.decider.undo, by=person_of(request), now=desk.office.clock())
    found = await desk.office.parts.store.write(work)
    desk.office.news.tell("board")
    codes = await desk.office.parts.store.read(partial(_codes, record_ids=list(found)))
    raise go(_back(form, told=said_of({codes[id_]: became for id_, became in found.items()})))


async def search(desk: Desk, request: web.Request) -> web.StreamResponse:
    """Words go into the address; a telephone number or mail address never does."""
    form = await request.post()
    typed, person = _text(form, "words")[:LONGEST], person_of(request)
    wanted = filter_in(_text(form, "back"))
    if is_contact(typed):
        if not person.may(Right.REVEAL):
            raise web.HTTPForbidden
        found = await desk.office.parts.store.write(
            partial(_senders, desk=desk, contact=typed, person=person)
        )
        query = wanted.with_(words="", sender=tuple(found or ["-"]), stand="all").query()
        raise go(address(query))
    # Whoever looks for something looks everywhere.
    raise go(address(wanted.with_(words=typed, sender=(), stand="all").query()))


async def keep(desk: Desk, request: web.Request) -> web.StreamResponse:
    """Give the list a name."""
    form = await request.post()
    name = " ".join(_text(form, "name").split())[:LONGEST]
    query = filter_in(_text(form, "back")).with_().query()
    who = views.EVERYBODY if form.get("shared") else person_of(request).login
    if name:
        await desk.office.parts.store.write(partial(views.put, who=who, name=name, query=query))
    raise go(address(query))


async def drop(desk: Desk, request: web.Request) -> web.StreamResponse:
    """Forget a name."""
    form = await request.post()
    number = _text(form, "view")
    if number.isascii() and number.isdigit():
        who = person_of(request).login
        await desk.office.parts.store.write(partial(views.drop, who=who, id_=int(number[:12])))
    raise go(_back(form))


ACTS: Mapping[str, Callable[[Desk, web.Request], Awaitable[web.StreamResponse]]] = {
    "accept": accept,
    "correct": correct,
    "join": join,
    "undo": undo,
    "views": keep,
    "views/drop": drop,
}


def _known(
    tx: Transaction, *, act: Callable[..., Outcome], code: str, revision: int, now: int
) -> Outcome:
    status = records.status_of(tx, code)
    if status is None:
        return Outcome.MISSING
    return act(tx, record_id=status.record_id, revision=revision, now=now)


def _join(tx: Transaction, *, desk: Desk, codes: list[str], person: Person) -> dict[str, Outcome]:
    decider = desk.decider
    joiner = Joiner(vault=decider.vault, centrals=decider.centrals)
    found: dict[str, Outcome] = {}
    seen = []
    for code in codes:
        try:
            seen.append(see(tx, decider.vault, code, person.agency))
        except NotHere:
            found[code] = Outcome.MISSING
    seen.sort(key=lambda one: one.status.received_at)
    for other in seen[1:]:
        now = desk.office.clock()
        first = see(tx, decider.vault, seen[0].status.case_code, person.agency)
        is_new = joiner.join(tx, first, other, person=person, now=now)
        found[other.status.case_code] = Outcome.DONE if is_new else Outcome.SAME
    refresh(tx, decider.vault, [one.status.record_id for one in seen])
    return found


def _senders(tx: Transaction, *, desk: Desk, contact: str, person: Person) -> list[str]:
    """That somebody looked is written down; whom they looked for is not."""
    found = senders(tx, desk.decider.vault, contact)
    enter(tx, who=person.login, what="searched for a sender's reports", now=desk.office.clock())
    return found


def _codes(tx: Transaction, *, record_ids: list[str]) -> dict[str, str]:
    found = {id_: records.status_by_id(tx, id_) for id_ in record_ids}
    return {id_: status.case_code for id_, status in found.items() if status}


def _cases(form: Form) -> dict[str, int]:
    """The cases a form names, with the revisions their reader saw."""
    found = {}
    for named in form.getall("case", [])[:MOST]:
        code, revision, *_ = (*str(named).split("."), "")
        if read_case_code(code) and revision.isascii() and revision.isdigit():
            found[read_case_code(code)] = int(revision[:9])
    return found


def _back(form: Form, *, told: str = "") -> str:
    """The list the form stood in, at the row after the one that was pressed."""
    at = _text(form, "case").rpartition(".")[2] if _text(form, "case").count(".") > 1 else ""
    return address(filter_in(_text(form, "back")).query(), told=told, at=at)


def _text(form: Form, name: str) -> str:
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""
