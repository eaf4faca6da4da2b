"""The public listener's short way for what providers post: quicker, and the same answers."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from listening import listening

from channels.acknowledgement import Acknowledgement
from channels.contract import NotStored
from gateway import log as gateway_log
from gateway.http import IDLE_SECONDS, READING_SECONDS, public_app, runner_of

Say = Callable[[bytes], Awaitable[bytes]]
#: More than the sockets between two programs hold.
LONG = b"x" * (32 << 20)


@asynccontextmanager
async def listener(
    idle_seconds: float = IDLE_SECONDS, reading_seconds: float = READING_SECONDS
) -> AsyncIterator[web.AppRunner]:
    """A listener with a few routes."""
    answer = Acknowledgement(b"ok")

    async def receive(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if body == b"full":
            raise NotStored
        if body == b"bug":
            raise KeyError(body)
        return answer.to(request)

    async def named(request: web.Request) -> web.StreamResponse:
        return web.Response(text=request.match_info["name"])

    async def long(_: web.Request) -> web.StreamResponse:
        return web.Response(body=LONG)

    app = public_app(
        [
            web.post("/in/x", receive),
            web.get("/in/y/{name}", named),
            web.get("/long", long),
        ],
        most_bytes=100,
        reading_seconds=reading_seconds,
    )
    runner = runner_of(app, drain=1, idle_seconds=idle_seconds)
    async with listening(runner):
        yield runner


@asynccontextmanager
async def door(idle_seconds: float = IDLE_SECONDS) -> AsyncIterator[Say]:
    """Says bytes to a listener; gives what it answers until it hangs up."""
    async with listener(idle_seconds) as runner:

        async def say(request: bytes) -> bytes:
            reader, writer = await asyncio.open_connection(*runner.addresses[0][:2])
            writer.write(request)
            heard = await asyncio.wait_for(reader.read(), 60)
            writer.close()
            return heard

        yield say


async def until(come: Callable[[], bool]) -> None:
    """Wait for what the other side does."""
    async with asyncio.timeout(60):
        while not come():  # noqa: ASYNC110 (it tells nobody)
            await asyncio.sleep(0.01)


def post(path: str, body: bytes = b"a", *headers: str, version: str = "1.1") -> bytes:
    lines = [f"POST {path} HTTP/{version}", "Host: x", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


LAST = "Connection: close"


async def test_connections_stay_open_and_answers_keep_their_order() -> None:
    """Three requests in one go: two acknowledged with ready bytes, the last closes."""
    async with door() as say:
        heard = await say(post("/in/x") + post("/in/x?a=1") + post("/in/x", b"a", LAST))

    assert heard.count(b"HTTP/1.1 200 OK\r\n") == heard.count(b"\r\n\r\nok") == 3
    assert heard.count(b"\r\nDate: ") == 3
    assert heard.count(b"Connection: close") == 1


async def test_old_clients_are_answered_and_left() -> None:
    """HTTP/1.0 knows no open connections unless it says so."""
    async with door() as say:
        heard = await say(post("/in/x", version="1.0"))

    assert heard.startswith(b"HTTP/1.0 200 OK\r\n")
    assert heard.endswith(b"ok")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (post("/in/x", b"full", LAST), b"503"),
        (post("/in/x", b"bug", LAST), b"500"),
        (post("/in/x", b"a" * 101, LAST), b"413"),
        (post("/in/none", b"a", LAST), b"404"),
        (b"GET /in/y/{name} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"404"),
        (b"GET /in/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"405"),
        (b"GET /in/y/ani HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"200"),
        (post("/in/%78", b"a", LAST), b"200"),
        (post("http://x/in/x", b"a", LAST), b"200"),
    ],
)
async def test_refusals_and_odd_spellings_are_as_ever(request_bytes: bytes, status: bytes) -> None:
    """What the short way does not know goes the usual way; what it knows is guarded alike."""
    async with door() as say:
        heard = await say(request_bytes)

    assert heard.split()[1] == status


async def test_who_asks_before_sending_is_told_to_go_on() -> None:
    """Expect: 100-continue, as curl says it for larger bodies."""
    async with door() as say:
        heard = await say(post("/in/x", b"a", "Expect: 100-continue", LAST))

    assert heard.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("begun", [b"", b"POST /in/x HTTP/1.1\r\nHost: x\r\nContent-Le", b"P"])
async def test_who_asks_nothing_is_sent_away(begun: bytes) -> None:
    """A connection without a request, or with a head that never ends, is not kept for ever."""
    async with door(idle_seconds=0.2) as say:
        heard = await say(begun)

    assert heard == b""


async def test_who_asks_for_a_long_answer_must_take_it() -> None:
    """A reader that stops reading holds our memory for two minutes and no longer."""
    async with listener(reading_seconds=0.2) as runner:
        _, writer = await asyncio.open_connection(*runner.addresses[0][:2], limit=1024)
        writer.write(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
        server = runner.server
        assert server
        await until(lambda: server.requests_count > 0)
        await until(lambda: not server.connections)
        writer.close()

        assert (server.requests_count, server.connections) == (1, [])


async def test_who_reads_gets_all_of_a_long_answer() -> None:
    """The bound is for those who do not."""
    async with door() as say:
        heard = await say(b"GET /long HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert heard.endswith(LONG)


@pytest.mark.parametrize(
    "request_bytes", [b"GET http://[::1/ HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nA b\r\n\r\n"]
)
async def test_what_strangers_send_amiss_does_not_fill_the_log(request_bytes: bytes) -> None:
    """Scanners come all day; an operator must see our own errors."""
    told = io.StringIO()
    gateway_log.configure("json", stream=told)
    async with door() as say:
        heard = await say(request_bytes)

    assert heard.split()[1] == b"400"
    assert told.getvalue() == ""
