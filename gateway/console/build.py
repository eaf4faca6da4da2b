"""From the running parts to the console: every page it has, in the order of the navigation."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from gateway.access.person import Right
from gateway.access.signing_in import SigningIn
from gateway.build import Parts
from gateway.build_routes import read_taxonomy
from gateway.console import (
    channels,
    deadlines,
    door,
    handoff,
    inbox,
    insights,
    me,
    people,
    report,
    sso,
    trail,
    watch,
)
from gateway.console.app import console_app
from gateway.console.frame import ROOT, Entry, Item
from gateway.console.gate import SessionGate
from gateway.console.guard import Gate
from gateway.console.office import Office


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its line in the navigation, if it has one, and what answers."""

    item: Item | None
    routes: Callable[[Office], list[Entry]]


#: In the order of an officer's day.
PAGES: tuple[Page, ...] = (
    Page(Item("inbox", f"{ROOT}/inbox", Right.READ), inbox.routes),
    Page(None, report.routes),
    Page(Item("watch", f"{ROOT}/watch", Right.READ), watch.routes),
    Page(Item("handoff", f"{ROOT}/handoff", Right.READ), handoff.routes),
    Page(Item("deadlines", f"{ROOT}/deadlines", Right.READ), deadlines.routes),
    Page(Item("insights", f"{ROOT}/insights", Right.READ), insights.routes),
    Page(Item("channels", f"{ROOT}/channels", Right.READ), channels.routes),
    Page(Item("people", f"{ROOT}/people", Right.TRAIL), people.routes),
    Page(None, trail.routes),
    Page(None, me.routes),
    Page(None, door.routes),
    Page(None, sso.routes),
)


def build_office(parts: Parts, clock: Callable[[], int]) -> Office:
    """What the pages work with."""
    topics = {topic.name: topic.title for topic in read_taxonomy(parts.settings).topics}
    access = SigningIn(
        parts.store,
        parts.vault,
        parts.settings.console,
        clock=clock,
        counted=parts.metrics.signed_in,
    )
    office = Office(parts=parts, clock=clock, topics=topics, access=access)
    parts.watching.append(partial(office.news.tell, "board"))
    return office


def build_console(office: Office, gate: Gate | None = None) -> web.Application:
    """The application to mount under /console; `gate` is another one than the door."""
    entries = [entry for page in PAGES for entry in page.routes(office)]
    return console_app(
        office, gate or SessionGate(office), entries, [page.item for page in PAGES if page.item]
    )
