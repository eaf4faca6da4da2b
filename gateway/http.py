"""
The two HTTP listeners: public for providers and citizens, internal for operators.

Every public request has a bound in time and size, all on their way together have one, and every
error leaves as an RFC 9457 problem document that tells nothing of our inside. The internal listener
answers health and metrics to anybody who reaches it, and orders only to who knows the operator
token.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import TypeVar, cast

import msgspec
import structlog
from aiohttp import web, web_response
from aiohttp.typedefs import Handler

from channels.contract import NotStored
from channels.posted import QuickDoor
from channels.problem import problem
from channels.room import Room, give
from gateway.access.ordering import UserOrder
from gateway.custody.duty import Done, Duty, Refused
from gateway.filing import Filed, Filing
from gateway.handoff import AlreadyGiven, WrongForm
from gateway.operate import Order
from gateway.reception import Reception
from gateway.storable import WHY, fit
from gateway.vault import same

log = structlog.get_logger()

# A request that is not over by then is a slow client's or a stuck disk's. A form with photos may
# take long on a village's network; the web channel bounds it more closely.
REQUEST_SECONDS = 60.0
UPLOAD_SECONDS = 900.0
# Who opened a connection and asks nothing; longer than proxies keep theirs open (nginx: 60).
IDLE_SECONDS = 75.0
# Who asked for a long answer and does not read it; a village's network needs its time.
READING_SECONDS = 120.0
LONG_ANSWER = 1 << 16
ORDER_BYTES = 1 << 20
# Who we are, and not how old.
SERVER = "lapor-gateway"
# All bodies that are on their way at one moment.
ARRIVING_BYTES = 256 << 20

Ready = Callable[[], Awaitable[Sequence[str]]]
CarryOut = Callable[[Order], Awaitable[int]]
PutDown = Callable[[Filing], Awaitable[Filed]]

Entrust = Callable[[Duty], Awaitable[Done]]
OrderUser = Callable[[UserOrder], Awaitable[Done]]

Command = TypeVar("Command", Order, Filing, Duty, UserOrder)
#: What every request passes; the path of its door where it comes by the short way.
Guard = Callable[..., Awaitable[web.StreamResponse]]
#: By method and path, what providers post to.
Doors = Mapping[tuple[str, str], Handler]
NO_DOORS: Mapping[str, QuickDoor] = MappingProxyType({})

_DOORS: web.AppKey[Doors] = web.AppKey("doors")
_QUICK: web.AppKey[Mapping[str, QuickDoor]] = web.AppKey("quick")
_GUARD: web.AppKey[Guard] = web.AppKey("guard")


def public_app(
    routes: Sequence[web.AbstractRouteDef],
    *,
    most_bytes: int,
    arriving_bytes: int = ARRIVING_BYTES,
    reading_seconds: float = READING_SECONDS,
    quick: Mapping[str, QuickDoor] = NO_DOORS,
) -> web.Application:
    """The listener providers and citizens reach; `quick`: doors for what comes in one piece."""

    async def bound(request: web.Request, response: web.StreamResponse) -> None:
        if (response.content_length or 0) > LONG_ANSWER and request.transport:
            loop = asyncio.get_running_loop()
            loop.call_later(reading_seconds, _hang_up_on_idlers, request.transport)

    guard = _guard(Room(arriving_bytes))
    app = web.Application(middlewares=[guard], client_max_size=most_bytes)
    app[_GUARD] = guard
    app.on_response_prepare.append(bound)
    app.add_routes(routes)
    app[_DOORS] = {
        (route.method, route.path): cast("Handler", route.handler)
        for route in routes
        if isinstance(route, web.RouteDef) and route.path.startswith("/in/")
        if "{" not in route.path
    }
    app[_QUICK] = quick
    return app


def runner_of(
    app: web.Application, *, drain: float, idle_seconds: float = IDLE_SECONDS
) -> web.AppRunner:
    """What serves an app; `drain` bounds the requests under way at a stop."""
    # aiohttp names itself, Python and their versions, and asks nobody about its own error pages.
    web_response.SERVER_SOFTWARE = SERVER  # type: ignore[attr-defined]
    return Runner(
        app,
        access_log=None,
        shutdown_timeout=drain,
        # aiohttp's own is an hour, also for half a head: a few thousand of them and we are deaf.
        keepalive_timeout=idle_seconds,
        auto_decompress=False,  # a small body that unpacks to gigabytes is no complaint
    )


class Runner(web.AppRunner):
    """Serves an app whose providers come in by shorter ways."""

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        if _DOORS in self.app:
            _shorten(server, self.app)
        if quick := self.app.get(_QUICK):
            return Reception(server, quick, self._kwargs["keepalive_timeout"])
        return server


def _shorten(server: web.Server, app: web.Application) -> None:
    """
    Let what providers post to known paths reach its handler past router and middlewares.

    Finding the way again for every message costs as much as storing it. All else, also a path
    that is spelled differently, goes the usual way; `request.match_info` exists only there.
    """
    guard, doors = app[_GUARD], app[_DOORS]
    usual_way = server.request_handler

    def find(request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        path = request.raw_path
        if "?" in path:
            path = path.partition("?")[0]
        door = doors.get((request.method, path))
        if door is None or "Expect" in request.headers:
            return usual_way(request)
        return guard(cast("web.Request", request), door, path)

    server.request_handler = find


def internal_app(  # noqa: PLR0913 (each door with what stands behind it)
    *,
    ready: Ready,
    troubles: Callable[[], Mapping[str, str]],
    metrics: Callable[[str], Awaitable[tuple[str, bytes]]],
    carry_out: CarryOut,
    file: PutDown,
    entrust: Entrust,
    users: OrderUser,
    token: str,
) -> web.Application:
    """The listener of operators and their tools."""

    async def live(_: web.Request) -> web.Response:
        return web.json_response({"live": True})

    async def is_ready(_: web.Request) -> web.Response:
        missing = list(await ready())
        status = HTTPStatus.SERVICE_UNAVAILABLE if missing else HTTPStatus.OK
        found = {"ready": not missing, "not_ready": missing, "troubles": troubles()}
        return web.json_response(found, status=status)

    async def scrape(request: web.Request) -> web.Response:
        content_type, body = await metrics(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def operate(request: web.Request) -> web.Response:
        order = await _ordered(request, Order, token)
        if isinstance(order, web.Response):
            return order
        return web.json_response({"rows": await carry_out(order)})

    async def put_down(request: web.Request) -> web.Response:
        filing = await _ordered(request, Filing, token)
        if isinstance(filing, web.Response):
            return filing
        try:
            return web.json_response(msgspec.to_builtins(await file(filing)))
        except LookupError:
            return problem(HTTPStatus.NOT_FOUND)
        except (WrongForm, AlreadyGiven) as exc:
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(exc))

    guard = _guard(Room(ARRIVING_BYTES))
    app = web.Application(middlewares=[guard], client_max_size=ORDER_BYTES)
    app.router.add_get("/health/live", live)
    app.router.add_get("/health/ready", is_ready)
    app.router.add_get("/metrics", scrape)
    app.router.add_post("/operate", operate)
    app.router.add_post("/file", put_down)
    app.router.add_post("/custody", _custody(entrust, Duty, token))
    app.router.add_post("/users", _custody(users, UserOrder, token))
    return app


def _custody(
    carry_out: Callable[[Command], Awaitable[Done]], kind: type[Command], token: str
) -> Handler:
    """Where orders about people come in; a refusal tells its reason to who may order."""

    async def custody(request: web.Request) -> web.StreamResponse:
        order = await _ordered(request, kind, token)
        if isinstance(order, web.Response):
            return order
        try:
            return web.json_response(msgspec.to_builtins(await carry_out(order)))
        except LookupError as exc:
            return problem(HTTPStatus.NOT_FOUND, f"there is no {exc.args[0]}")
        except Refused as exc:
            return problem(HTTPStatus.CONFLICT, str(exc))

    return custody


async def _ordered(request: web.Request, kind: type[Command], token: str) -> Command | web.Response:
    """What somebody who knows the operator token orders, or the refusal."""
    if not same(request.headers.get("Authorization", ""), f"Bearer {token}"):
        return problem(HTTPStatus.FORBIDDEN)
    try:
        body = await request.read()
        order = msgspec.json.decode(body, type=kind)
        return order if fit(msgspec.json.decode(body)) else problem(HTTPStatus.BAD_REQUEST, WHY)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return problem(HTTPStatus.BAD_REQUEST)


def _guard(room: Room) -> Guard:
    """Bounds a request in time and memory; makes a problem document of every error."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler, path: str = "") -> web.StreamResponse:
        try:
            if request.content.is_eof():
                # All of it is here: nothing slow or large can come any more, and a timer costs
                # what a commit costs when many share one.
                return await handler(request)
            return await _arriving(request, handler, room)
        except web.HTTPException as exc:
            if exc.status < HTTPStatus.BAD_REQUEST:
                raise
            return problem(HTTPStatus(exc.status))
        except NotStored:
            sentence = "not stored, please send it again"
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, sentence, wait=5)
        except TimeoutError:
            return problem(HTTPStatus.REQUEST_TIMEOUT)
        except ConnectionError:
            raise
        except Exception:
            # Our bug: the provider hears that nothing was stored and sends again.
            log.exception("request failed", route=path or _route(request))
            return problem(HTTPStatus.INTERNAL_SERVER_ERROR)

    return guard


async def _arriving(request: web.Request, handler: Handler, room: Room) -> web.StreamResponse:
    """Answer a request whose body is on its way."""
    upload = request.content_type == "multipart/form-data"
    with room.lease() as lease:
        give(request, lease)
        async with asyncio.timeout(UPLOAD_SECONDS if upload else REQUEST_SECONDS):
            return await handler(request)


def _hang_up_on_idlers(transport: asyncio.BaseTransport) -> None:
    """End a connection whose other end still has not taken what was sent."""
    if isinstance(transport, asyncio.WriteTransport) and transport.get_write_buffer_size():
        transport.abort()


def _route(request: web.Request) -> str:
    """The route's pattern; the path itself may hold what somebody typed."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "none"
