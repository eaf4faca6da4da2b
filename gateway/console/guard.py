"""
What every request to the console passes: who asks, may they, do they mean it, and what they see.

Nothing is shown to nobody: an entry that needs a right turns strangers away to the door. A change
must come from our own page (`Sec-Fetch-Site` or `Origin`) and carry the token of its session.
What no database could hold is refused before any page reads it, and offered again without it.
Errors are pages, not documents, and say nothing of our inside.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from channels.contract import NotStored
from gateway.console.csrf import fits
from gateway.console.frame import VISITOR, Entry, Handler, Visitor, show
from gateway.storable import fit, made_fit
from gateway.store import StoreUnavailable

log = structlog.get_logger()

#: Whoever keeps a stream open asks it now and then whether the session lasts.
GATE: web.RequestKey[Any] = web.RequestKey("gate", object)
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self';"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Browsers heed it where they came by https, which a proxy in front of us ends.
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
}
OURS = ("same-origin", "none", "")
SAFE = ("GET", "HEAD")
#: How forms are sent; aiohttp calls a body without a name the second.
FORMS = ("application/x-www-form-urlencoded", "application/octet-stream")
#: Fields no page shows again; a form that carries one is not given back, nor kept for later.
SECRETS = frozenset({"password", "fresh", "code"})
#: Errors with a page of their own; every other refusal is shown as the last.
SAID = {
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.NOT_FOUND: "missing",
    HTTPStatus.CONFLICT: "conflict",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "large",
    HTTPStatus.SERVICE_UNAVAILABLE: "busy",
    HTTPStatus.INTERNAL_SERVER_ERROR: "broken",
}


class Gate(Protocol):
    """Knows sessions; see gateway/console/gate.py."""

    async def visitor(self, request: web.Request) -> Visitor | None:
        """Who this is; None for nobody, or whose session is over."""

    async def turn_away(self, request: web.Request) -> web.StreamResponse:
        """The door, for who is not signed in; what they had typed comes back after it."""


class Unfit(web.HTTPBadRequest):
    """It holds characters nothing can store, or is written as no page of ours would."""


def guarded(entry: Entry, gate: Gate) -> Handler:
    """The entry's handler behind the checks it needs."""

    async def handle(request: web.Request) -> web.StreamResponse:
        request[GATE] = gate
        if not _is_readable(request):
            raise Unfit
        visitor = await gate.visitor(request)
        if visitor:
            request[VISITOR] = visitor
        if not fit(await _fields(request)):
            raise Unfit
        if entry.needs is not None:
            if visitor is None:
                return await gate.turn_away(request)
            if not visitor.person.may(entry.needs):
                who = visitor.person.id
                log.warning("console refused", who=who, right=entry.needs, route=_route(request))
                raise web.HTTPForbidden
            if request.method not in SAFE and not await _meant(request, visitor):
                raise web.HTTPForbidden
        return await entry.handler(request)

    return handle


@web.middleware
async def pages_for_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Every refusal and every failure of ours is a page one can go on from."""
    try:
        return await handler(request)
    except Unfit:
        return _error(request, HTTPStatus.BAD_REQUEST, await _typed(request), kind="unfit")
    except web.HTTPException as exc:
        if exc.status < HTTPStatus.BAD_REQUEST:
            raise
        return _error(request, HTTPStatus(exc.status))
    except (NotStored, StoreUnavailable):
        return _error(request, HTTPStatus.SERVICE_UNAVAILABLE, await _typed(request))
    except (ConnectionError, TimeoutError):
        raise
    except Exception:
        log.exception("console page failed", route=_route(request))
        return _error(request, HTTPStatus.INTERNAL_SERVER_ERROR)


async def put_headers(_: web.Request, response: web.StreamResponse) -> None:
    """What a browser may do with what we send; a picture's own policy stays."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)


async def _meant(request: web.Request, visitor: Visitor) -> bool:
    if not from_us(request):
        return False
    token = request.headers.get("X-CSRF") or (await request.post()).get("csrf")
    return fits(token, visitor.csrf)


def from_us(request: web.Request) -> bool:
    """Whether a page of ours sent this, as far as the browser tells."""
    if request.headers.get("Sec-Fetch-Site", "") not in OURS:
        return False
    origin = request.headers.get("Origin", "")
    return not origin or urlsplit(origin).netloc == request.host


def has_secret(names: Iterable[str]) -> bool:
    """Whether a form with these fields carries a password or a code; half of it helps nobody."""
    return not SECRETS.isdisjoint(names)


def _is_readable(request: web.Request) -> bool:
    """Whether what comes before a form, and how it is written, is what our own pages send."""
    told = [request.path, *request.query.items(), *request.cookies.values()]
    is_ours = request.content_type in FORMS and (request.charset or "utf-8").lower() == "utf-8"
    return fit(told) and (request.method in SAFE or not request.can_read_body or is_ours)


async def _typed(request: web.Request) -> list[tuple[str, str]]:
    """What a form held that could not be stored, to be sent again without what cannot be."""
    if request.method in SAFE or VISITOR not in request:
        return []
    fields = await _fields(request)
    if has_secret(name for name, _ in fields):
        return []
    return [
        (made_fit(name), made_fit(text))
        for name, text in fields
        if isinstance(text, str) and name != "csrf"
    ]


async def _fields(request: web.Request) -> list[tuple[str, object]]:
    """What a form holds; a byte that is no UTF-8 says that it is none of ours."""
    try:
        return list((await request.post()).items())
    except UnicodeDecodeError:
        return [("", "\0")]


def _error(
    request: web.Request,
    status: HTTPStatus,
    again: Sequence[tuple[str, str]] = (),
    kind: str = "",
) -> web.Response:
    kind = kind or SAID.get(status, "other")
    return show(request, "error.html", status=status, kind=kind, code=status.value, again=again)


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource else "none"
