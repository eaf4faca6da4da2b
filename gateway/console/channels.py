"""
*Kanal*: how channels and stores do, what waits for a person, and whether everything adds up.

Whoever may look sees the figures; what is parked is sent again, put aside or read by who operates
the gateway, and each of it is in the trail. An agency's people see channels and stores alone.
"""

import asyncio
from collections.abc import Callable
from functools import partial

from aiohttp import web

from forwarder.ports import Transaction
from gateway import operate
from gateway.access.person import Right
from gateway.access.trail import enter
from gateway.console.channels_accounts import Accounts
from gateway.console.channels_view import SOON, state
from gateway.console.frame import ROOT, Entry, go, person_of, show
from gateway.console.office import Office
from gateway.internal import carry_out
from gateway.operate import Order, Parked
from gateway.reconcile import WORDS

PATH = f"{ROOT}/channels"
ONE = f"{PATH}/parked/{{id:[jons][0-9]{{1,18}}}}"
TOPIC = "channels"
#: Parked rows on the page; the command line lists all of them.
SHOWN = 50
DAYS_SHOWN = 60
#: What a person reads of something parked; a mail may hold megabytes.
MOST_TEXT = 20_000
LONGEST_REASON = 300
#: Reports may come a hundred in a second; nobody looks that often.
SLOWLY_SECONDS = 5.0


def routes(office: Office) -> list[Entry]:
    """The page, one parked item, and what can be done with it."""
    tell = _Slowly(lambda: office.news.tell(TOPIC))
    office.parts.troubles.watching.append(tell)
    office.parts.watching.append(tell)
    accounts = Accounts(office.parts.store, office.clock, tell)
    return [
        Entry("GET", PATH, partial(_look, office, accounts), Right.READ),
        Entry("POST", f"{PATH}/retry", partial(_retry_all, office), Right.OPERATE),
        Entry("GET", ONE, partial(_look_at_one, office), Right.OPERATE),
        Entry("POST", f"{ONE}/retry", partial(_retry, office), Right.OPERATE),
        Entry("POST", f"{ONE}/drop", partial(_drop, office), Right.OPERATE),
    ]


async def _look(office: Office, accounts: Accounts, request: web.Request) -> web.StreamResponse:
    whole = not person_of(request).agency
    now = office.clock()
    found = await office.parts.store.read(lambda tx: state(tx, office.parts, now))
    parked, count = await office.parts.store.read(_waiting) if whole else ([], 0)
    return show(
        request,
        "channels.html",
        state=found,
        whole=whole,
        parked=parked,
        parked_count=count,
        counted=accounts.latest() if whole else None,
        words=WORDS,
        days_shown=DAYS_SHOWN,
        soon=SOON,
        may_operate=person_of(request).may(Right.OPERATE),
        done=request.query.get("done", ""),
    )


async def _look_at_one(office: Office, request: web.Request) -> web.StreamResponse:
    """Its content, which a citizen wrote; who looked is written down before it is shown."""
    item = await _find(office, request)
    who, now = person_of(request).login, office.clock()

    def write(tx: Transaction) -> str:
        enter(tx, who=who, what=f"read parked {item.id}", now=now)
        return operate.content(tx, office.parts.vault, item.id)

    content = await office.parts.store.write(write)
    return _page(request, item, content=content[:MOST_TEXT], cut=len(content) > MOST_TEXT)


async def _retry_all(office: Office, request: web.Request) -> web.StreamResponse:
    order = Order(verb="retry", who=person_of(request).login)
    await carry_out(office.parts, order)
    office.news.tell(TOPIC)
    raise go(f"{PATH}?done=retried")


async def _retry(office: Office, request: web.Request) -> web.StreamResponse:
    item = await _find(office, request)
    order = Order(verb="retry", ids=[item.id], who=person_of(request).login)
    await carry_out(office.parts, order)
    office.news.tell(TOPIC)
    raise go(f"{PATH}?done=retried")


async def _drop(office: Office, request: web.Request) -> web.StreamResponse:
    item = await _find(office, request)
    reason = " ".join(str((await request.post()).get("reason", "")).split())[:LONGEST_REASON]
    if not reason:
        return _page(request, item, wrong=True)
    order = Order(verb="drop", ids=[item.id], reason=reason, who=person_of(request).login)
    await carry_out(office.parts, order)
    office.news.tell(TOPIC)
    raise go(f"{PATH}?done=dropped")


def _page(
    request: web.Request, item: Parked, *, content: str = "", cut: bool = False, wrong: bool = False
) -> web.Response:
    status = 422 if wrong else 200
    return show(
        request, "parked.html", status=status, item=item, content=content, cut=cut, wrong=wrong
    )


def _waiting(tx: Transaction) -> tuple[list[Parked], int]:
    """The first that wait for a person, and how many do."""
    return operate.parked(tx, SHOWN), operate.parked_count(tx)


async def _find(office: Office, request: web.Request) -> Parked:
    """What the address names, if it is still parked: somebody may have been quicker."""
    wanted = request.match_info["id"]
    found = await office.parts.store.read(lambda tx: operate.parked_one(tx, wanted))
    if found is None:
        raise web.HTTPNotFound
    return found


class _Slowly:
    """Calls something a while after it was asked to, once for all who asked meanwhile."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self._ordered = False

    def __call__(self) -> None:
        """Call it soon."""
        if not self._ordered:
            self._ordered = True
            asyncio.get_running_loop().call_later(SLOWLY_SECONDS, self._now)

    def _now(self) -> None:
        self._ordered = False
        self._call()
