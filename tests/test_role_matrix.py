"""
Who may do what: every route of every listener against everybody there is.

The tables below are the whole of it: a route without a row fails, and so does a row without a
route. What is asked is whether the door opens; what is behind it is asked by each page's tests.
"""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from html import unescape
from http import HTTPStatus
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.web import RouteDef
from console_site import Cookies, Site, console_site
from door_browser import INPUT, Browser, account, browser
from mail_site import Inbox
from structlog.testing import capture_logs

from channels.registry import CHANNELS
from channels.telegram import Telegram
from gateway.access.person import Role
from gateway.clock import now_ms
from gateway.console.build import build_console, build_office
from gateway.serving import operator_token, public_app_of

#: The columns: nobody; the five roles of the whole office; officer, verifier, admin of an agency.
PEOPLE: tuple[tuple[Role, str] | None, ...] = (
    None,
    *((role, "") for role in Role),
    *((role, "dinas_kesehatan") for role in (Role.OFFICER, Role.VERIFIER, Role.ADMIN)),
)
#: Asked last: whoever leaves is nobody.
LEAVING = "POST /logout"
# x comes in, . is refused, - is led to the door;
# nobody | viewer officer verifier admin auditor | an agency's officer verifier admin.
ALL = "x xxxxx xxx"
READ = "- xxxxx xxx"
HANDLE = "- .xxx. xxx"
REVEAL = "- .xxx. ..."
APPROVE = "- ..xx. .xx"
ADMIN = "- ...x. ..."
TRAIL = "- ...xx ..."
#: A signal belongs to no agency yet.
SIGNAL = "- .xxx. ..."
#: Only in the middle of signing in; everybody else is led to its beginning.
STEP = "- ----- ---"
#: The door's own form: whoever is in has no token of it.
DOOR = "x ..... ..."

CONSOLE = {
    "GET": READ,
    "GET /": READ,
    "* /{rest}": READ,
    "GET /static/{file}": ALL,
    "GET /live": READ,
    # The door.
    "GET /login": ALL,
    "POST /login": DOOR,
    **{
        f"{method} /login/{step}": STEP
        for method in ("GET", "POST")
        for step in ("app", "code", "password")
    },
    "GET /login/app.svg": ALL,
    LEAVING: STEP,
    # One's own account.
    "GET /me": READ,
    **{f"POST /me/{what}": READ for what in ("app", "codes", "name", "password", "sessions")},
    # Masuk.
    "GET /inbox": READ,
    "POST /inbox/search": READ,
    **{f"POST /inbox/{act}": HANDLE for act in ("accept", "correct", "join", "undo")},
    **{f"POST /inbox/{act}": HANDLE for act in ("views", "views/drop")},
    # Laporan.
    "GET /report/{code}": READ,
    "GET /report/{code}/live": READ,
    "GET /report/{code}/file/{sha256}": READ,
    **{
        f"POST /report/{{code}}/{act}": HANDLE
        for act in (
            *("accept", "alarm", "correct", "differ"),
            *("join", "part", "preview", "reply", "transfer"),
        )
    },
    "POST /report/{code}/undo": HANDLE,
    **{
        f"POST /report/{{code}}/{act}": APPROVE for act in ("approve", "hold", "release", "tighten")
    },
    "POST /report/{code}/reveal": REVEAL,
    # Pantau, Serah, Tenggat, Ikhtisar.
    "GET /watch": READ,
    "GET /watch/volume.svg": READ,
    **{f"POST /watch/{{number}}/{act}": SIGNAL for act in ("hide", "report", "show")},
    "GET /handoff": READ,
    "GET /handoff/{store}": READ,
    **{f"GET /handoff/{{store}}/{page}": HANDLE for page in ("list.csv", "list.xlsx", "many")},
    "POST /handoff/{store}/many": HANDLE,
    "GET /handoff/{store}/case/{code}": HANDLE,
    "POST /handoff/{store}/case/{code}": HANDLE,
    "GET /deadlines": READ,
    "GET /deadlines/week.pdf": READ,
    "GET /deadlines/week.xlsx": READ,
    "GET /insights": READ,
    "GET /insights/{picture}": READ,
    "GET /insights/all.xlsx": READ,
    # Kanal, Pengguna & jejak.
    "GET /channels": READ,
    "GET /channels/parked/{id}": ADMIN,
    "POST /channels/parked/{id}/drop": ADMIN,
    "POST /channels/parked/{id}/retry": ADMIN,
    "POST /channels/retry": ADMIN,
    "GET /people": TRAIL,
    "POST /people": ADMIN,
    "POST /people/keys": ADMIN,
    "POST /people/keys/{id}/end": ADMIN,
    "GET /people/{login}": ADMIN,
    "POST /people/{login}/sessions": ADMIN,
    "POST /people/{login}/{verb}": ADMIN,
    "GET /trail": TRAIL,
    "GET /trail.csv": TRAIL,
}

#: Open to whoever reaches the internal listener, or to who knows the operator token alone.
INTERNAL = {
    "GET /health/live": "open",
    "GET /health/ready": "open",
    "GET /metrics": "open",
    "POST /operate": "token",
    "POST /file": "token",
    "POST /custody": "token",
    "POST /users": "token",
}
#: Who may come in by the public listener: anybody, or who signs or knows a key; a challenge
#: answers a question of the platform about our own secret.
PUBLIC = {
    "GET /": "anybody",
    "GET /lapor": "anybody",
    "POST /lapor": "anybody",
    "GET /lapor/": "anybody",
    "GET /lapor/status": "anybody",
    "GET /lapor/style.css": "anybody",
    "GET /lapor/icon.svg": "anybody",
    "* /api/v1/openapi.json": "anybody",
    "* /api/v1/reports": "a key",
    "* /api/v1/reports/{reference}": "a key",
    "* /api/v1/topics": "a key",
    "* /open311/v2/{resource}": "reading anybody, writing a key",
    "GET /in/sms": "a secret",
    "POST /in/sms": "a secret",
    "GET /in/sms/dlr": "a secret",
    "POST /in/sms/dlr": "a secret",
    **{
        f"{method} /in/sms/{preset}": "a secret"
        for method in ("GET", "POST")
        for preset in ("gammu", "generic", "jasmin", "kannel")
    },
    "POST /in/telegram": "a secret",
    "POST /in/line": "a signature",
    "POST /in/officer": "a secret",
    "POST /in/x": "a signature",
    "GET /in/x": "a challenge",
    **{f"POST /in/{name}": "a signature" for name in ("instagram", "messenger", "whatsapp")},
    **{f"GET /in/{name}": "a challenge" for name in ("instagram", "messenger", "whatsapp")},
    "POST /central/updates/{name}": "a signature",
}

PLACE = re.compile(r"\{(\w+)(?::(?:[^{}]|\{[^}]*\})*)?\}")


def shape(path: str) -> str:
    """A route as the tables name it."""
    path = re.sub(r"^/static/.*", "/static/{file}", path.removeprefix("/console"))
    path = PLACE.sub(r"{\1}", path)
    return "/insights/{picture}" if re.fullmatch(r"/insights/\w+\.(svg|csv)", path) else path


def named(app: web.Application) -> dict[str, tuple[str, str]]:
    """Method and path of every route, by its row; HEAD comes with GET."""
    found = {}
    for route in app.router.routes():
        if route.method != "HEAD" and route.resource is not None:
            path = route.resource.canonical
            found[f"{route.method} {shape(path)}".rstrip()] = (route.method, path)
    return found


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with console_site(tmp_path, '[console]\ntotp = "optional"\n', people=None) as running:
        yield running


async def test_every_route_of_the_console_is_opened_to_whom_the_table_says(site: Site) -> None:
    """Nobody is led to the door, who may not is refused, and nobody else is either."""
    routes = named(build_console(build_office(site.parts, now_ms), Cookies({})))
    columns = [await column(site, routes, number) for number in range(len(PEOPLE))]
    found = {row: "".join(marks[row] for marks in columns) for row in routes}

    table = {row: f"{marks[0]} {marks[1:6]} {marks[6:]}" for row, marks in found.items()}
    assert table == CONSOLE


async def column(site: Site, routes: Mapping[str, tuple[str, str]], number: int) -> dict[str, str]:
    """What one of the people meets at every route."""
    async with browser(site) as one:
        if person := PEOPLE[number]:
            role, agency = person
            await account(site, f"person{number}", role, agency=agency)
            await one.sign_in(f"person{number}")
        # Changes come from a page of theirs; a stranger's is the door.
        await one.look("/me" if person else "/login")
        hidden = {name: unescape(value) for name, value in INPUT.findall(one.form)}
        rows = sorted(routes, key=lambda row: row == LEAVING)
        return {row: await mark(one, *routes[row], hidden) for row in rows}


async def mark(one: Browser, method: str, path: str, hidden: Mapping[str, str]) -> str:
    """What came of one request, as the table writes it."""
    filled = {"sha256": "0" * 64, "code": "0000000AA", "number": "1"}
    filled["id"] = "j1" if "parked" in path else "1"
    url = PLACE.sub(lambda found: filled.get(found[1], "none"), path)
    url = one.site.internal + (url if url.startswith("/console") else f"/console{url}")
    posted = hidden if method == "POST" else None
    verb = "GET" if method == "*" else method
    async with one.session.request(verb, url, data=posted, allow_redirects=False) as answer:
        assert answer.status < HTTPStatus.INTERNAL_SERVER_ERROR, (verb, url, answer.status)
        location = answer.headers.get("Location", "")
        if answer.status == HTTPStatus.UNAUTHORIZED or location.startswith("/console/login"):
            return "-"
        return "." if answer.status == HTTPStatus.FORBIDDEN else "x"


async def test_orders_of_operators_need_their_token(site: Site) -> None:
    """Health and metrics are open to who reaches the listener; everything else is not."""
    token = operator_token(site.parts.vault)
    found = {}
    async with aiohttp.ClientSession() as session:
        for row in INTERNAL:
            method, path = row.split(" ")
            statuses = []
            for shown in ("", "Bearer wrong", f"Bearer {token}"):
                async with session.request(
                    method, site.internal + path, headers={"Authorization": shown}, data=b"{"
                ) as answer:
                    statuses.append(answer.status)
            found[row] = "open" if statuses[0] != HTTPStatus.FORBIDDEN else "token"
            assert statuses[2] != HTTPStatus.FORBIDDEN
            assert statuses[0] == statuses[1]

    assert found == INTERNAL


def everywhere() -> Iterator[str]:
    """Every route of every channel there is, switched on or not."""
    for kind in CHANNELS:
        options = {"mode": "webhook"} if kind is Telegram else {}
        for route in kind(kind.Options(**options), bytes(32)).routes(Inbox()):
            assert isinstance(route, RouteDef)
            yield f"{route.method} {shape(route.path)}"


async def test_every_public_route_has_a_row(site: Site) -> None:
    """Who adds a door says here who may come in by it, and tests/test_channel_contract tries it."""
    served = named(public_app_of(site.parts))

    assert {*everywhere(), *served} == set(PUBLIC)


async def test_who_is_refused_is_written_down(site: Site) -> None:
    """The log tells who wanted what, by number; not what they typed."""
    await account(site, "vina", Role.VIEWER)
    async with browser(site) as one:
        await one.sign_in("vina")
        with capture_logs() as told:
            await one.look("/people?words=rahasia")

    [line] = [line for line in told if line["event"] == "console refused"]
    assert (line["right"], line["route"]) == ("trail", "/console/people")
    assert "rahasia" not in str(line)
