"""The quick way in: what it takes, what it leaves to aiohttp, and that both answer alike."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest
from aiohttp import web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import HttpRequestParser
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from listening import listening
from sms_gateway import RecordingInbox, opened, receiving

from channels.acknowledgement import Acknowledgement
from channels.contract import Accepted, NotStored, Secret
from channels.posted import Posted, QuickDoor
from channels.sms import Sms
from gateway.http import IDLE_SECONDS, public_app, runner_of
from gateway.quick_head import MOST_BYTES, read_head

LAST = "Connection: close"
SECRET = "rahasia-0123456789"
FORM = b"id=sms-1&from=081200001234&text=lampu+mati"


def post(path: str, body: bytes = b"a", *headers: str, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {size}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class Door:
    """A quick door whose messages are stored when the test says so, beside a usual one."""

    at_once: bool = True
    quick: list[Posted] = field(default_factory=list)
    usual: list[bytes] = field(default_factory=list)
    waiting: list[asyncio.Future[Accepted]] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, posted: Posted) -> asyncio.Future[Accepted] | None:
        """By its body: refused at once, left to the usual way, a bug of ours, or taken."""
        if posted.body == b"full":
            raise NotStored
        if posted.body == b"usual":
            return None
        if posted.body == b"bug":
            raise KeyError(posted.body)
        self.quick.append(posted)
        stored: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()
        self.waiting.append(stored)
        if posted.body == b"lost":
            stored.set_exception(NotStored())
        elif self.at_once:
            stored.set_result(Accepted(id=1, new=True))
        self.came.set()
        return stored

    async def receive(self, request: web.Request) -> web.Response:
        """Whatever is not for the quick way."""
        self.usual.append(await request.read())
        return web.Response(text="usual")


class Line:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def answer(self) -> tuple[str, str]:
        """Status and body of the next answer."""
        async with asyncio.timeout(30):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
            length = head.lower().partition("content-length: ")[2].partition("\r\n")[0]
            return head.split()[1], (await self._reader.readexactly(int(length))).decode()

    async def end(self) -> bytes:
        """What comes until the other side hangs up."""
        heard = await asyncio.wait_for(self._reader.read(), 30)
        self.writer.close()
        return heard


@asynccontextmanager
async def opened_door(
    door: Door, idle_seconds: float = IDLE_SECONDS
) -> AsyncIterator[web.AppRunner]:
    """The public listener with this door at /in/x."""
    quick = {"/in/x": QuickDoor(door.take, Acknowledgement(b"ok"))}
    app = public_app([web.post("/in/x", door.receive)], most_bytes=1 << 20, quick=quick)
    runner = runner_of(app, drain=5, idle_seconds=idle_seconds)
    async with listening(runner):
        yield runner


async def call(runner: web.AppRunner) -> Line:
    """Connect."""
    return Line(*await asyncio.open_connection(*runner.addresses[0][:2]))


async def test_what_is_here_in_one_piece_goes_the_quick_way() -> None:
    """Request after request on one connection; query, headers, body and sender arrive."""
    door = Door()
    async with opened_door(door) as runner:
        line = await call(runner)
        for body in (b"satu", b"dua"):
            line.writer.write(post("/in/x?a=1&b=%20", body, "X-Kannel-From:  0812 "))
            assert await line.answer() == ("200", "ok")
        line.writer.close()

    assert [posted.body for posted in door.quick] == [b"satu", b"dua"]
    assert {posted.query for posted in door.quick} == {"a=1&b=%20"}
    assert {posted.headers["x-kannel-FROM"] for posted in door.quick} == {"0812"}
    assert {posted.remote for posted in door.quick} == {"127.0.0.1"}
    assert door.usual == []


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(post("/in/x", b"usual"), id="the door leaves it"),
        pytest.param(post("/in/x", b"bug", LAST), id="our bug"),
        pytest.param(post("/in/x", b"a", LAST), id="the connection ends"),
        pytest.param(post("/in/x", b"a", "Accept: a", "Accept: b"), id="said twice"),
        pytest.param(post("/in/x", b"a", "X-A: \xe9"), id="no ASCII"),
        pytest.param(post("/in/x", b"a", "X-A: " + "a" * MOST_BYTES), id="a long head"),
        pytest.param(post("/in/%78", b"a"), id="another spelling"),
        pytest.param(post("/in/x", b"a" * 1_000_000), id="a large body"),
    ],
)
async def test_whatever_is_unusual_is_aiohttps(request_: bytes) -> None:
    """It is handed over whole, and every later request of the connection with it."""
    door = Door()
    async with opened_door(door) as runner:
        line = await call(runner)
        line.writer.write(request_)
        assert await line.answer() == ("200", "usual")
        if LAST.encode() not in request_:
            line.writer.write(post("/in/x", b"later"))
            assert await line.answer() == ("200", "usual")
        line.writer.close()

    assert door.quick == []
    assert door.usual[0] == request_.partition(b"\r\n\r\n")[2]


async def test_a_request_in_pieces_is_put_together() -> None:
    """Head and body in packets of their own."""
    door = Door()
    async with opened_door(door) as runner:
        line = await call(runner)
        for piece in (
            b"POST /in/x HT",
            b"TP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n",
            b"a",
            b"b",
        ):
            line.writer.write(piece)
            await line.writer.drain()
            await asyncio.sleep(0.01)
        assert await line.answer() == ("200", "usual")
        line.writer.close()

    assert door.usual == [b"ab"]


async def test_answers_come_in_the_order_of_the_requests() -> None:
    """What is said before the answer waits for it, however much that is."""
    door = Door(at_once=False)
    async with opened_door(door) as runner:
        line = await call(runner)
        line.writer.write(post("/in/x", b"satu"))
        await asyncio.wait_for(door.came.wait(), 30)
        line.writer.write(post("/in/x", b"dua") + post("/in/x", b"t" * 300_000))
        await asyncio.sleep(0.05)
        assert door.usual == []
        door.waiting[0].set_result(Accepted(id=1, new=True))
        heard = [await line.answer() for _ in range(3)]
        line.writer.close()

    assert heard == [("200", "ok"), ("200", "usual"), ("200", "usual")]
    assert door.usual == [b"dua", b"t" * 300_000]


@pytest.mark.parametrize("body", [b"full", b"lost"])
async def test_what_is_not_stored_is_not_acknowledged(body: bytes) -> None:
    """Refused at once or by the disk: 503, and the connection is as good as before."""
    async with opened_door(Door()) as runner:
        line = await call(runner)
        line.writer.write(post("/in/x", body))
        status, document = await line.answer()
        line.writer.write(post("/in/x"))
        assert await line.answer() == ("200", "ok")
        line.writer.close()

    assert status == "503"
    assert "Service Unavailable" in document


async def test_who_hangs_up_has_still_said_it() -> None:
    """Nobody hears the answer, and nothing breaks."""
    door = Door(at_once=False)
    async with opened_door(door) as runner:
        line = await call(runner)
        line.writer.write(post("/in/x"))
        await asyncio.wait_for(door.came.wait(), 30)
        line.writer.transport.abort()
        await asyncio.sleep(0.05)
        door.waiting[0].set_result(Accepted(id=1, new=True))
        other = await call(runner)
        other.writer.write(post("/in/x", b"usual"))
        assert await other.answer() == ("200", "usual")
        other.writer.close()


async def test_a_stop_waits_for_what_is_on_its_way() -> None:
    """Its sender hears that it is stored; who asks nothing is sent away at once."""
    door = Door(at_once=False)
    async with opened_door(door) as runner:
        line, idle = await call(runner), await call(runner)
        line.writer.write(post("/in/x"))
        await asyncio.wait_for(door.came.wait(), 30)
        stopping = asyncio.create_task(runner.cleanup())
        assert await idle.end() == b""
        assert not stopping.done()
        door.waiting[0].set_result(Accepted(id=1, new=True))
        assert await line.answer() == ("200", "ok")
        assert await line.end() == b""
        await stopping


async def test_who_says_nothing_more_is_sent_away() -> None:
    """Idle before the first request or after it; a message on its way is no idleness."""
    door = Door(at_once=False)
    async with opened_door(door, idle_seconds=0.1) as runner:
        silent, waits = await call(runner), await call(runner)
        waits.writer.write(post("/in/x"))
        assert await silent.end() == b""
        await asyncio.sleep(0.3)
        door.waiting[0].set_result(Accepted(id=1, new=True))
        assert await waits.answer() == ("200", "ok")
        assert await waits.end() == b""


# --- both ways, the same answers -----------------------------------------------------------------

PATHS = st.sampled_from(["/in/sms", "/in/sms/kannel", "/in/sms/jasmin", "/in/sms/gammu", "/in/no"])
QUERIES = st.sampled_from(["", "?id=7&ts=1795301902", f"?secret={SECRET}&id=7", "?secret=x", "?"])
TYPES = st.sampled_from(["application/x-www-form-urlencoded", "application/json", "text/plain", ""])
BODIES = st.sampled_from([b"", FORM, b'{"id": "7", "text": "x"}', b"id=7&id=8", b"lampu \xff"])
OPTIONS = st.sampled_from(
    [
        {},
        {"secrets": (Secret(SECRET),), "secret_in": "header:X-Secret"},
        {"secrets": (Secret(SECRET),), "secret_in": "query:secret"},
        {"secrets": (Secret(SECRET),), "secret_in": "hmac:X-Signature"},
        {"allow": ("10.0.0.0/8",)},
    ]
)


async def said(channel: Sms, request: bytes, *, pieces: int) -> tuple[list[str], list[object]]:
    """The answer without its moment, and what was accepted, of a request in so many pieces."""
    inbox = RecordingInbox()
    async with receiving(channel, inbox) as url:
        host, port = url.removeprefix("http://").split(":")
        line = Line(*await asyncio.open_connection(host, int(port)))
        for piece in (request,) if pieces == 1 else (request[:9], request[9:]):
            line.writer.write(piece)
            await asyncio.sleep(0.005 * (pieces - 1))
        answer = await line.answer()
        line.writer.close()
    return list(answer), [(one.external_id, one.payload) for one in inbox.accepted]


class Request(NamedTuple):
    """What is posted; `signed`: with what the guard asks for."""

    path: str = "/in/sms"
    query: str = ""
    kind: str = "application/x-www-form-urlencoded"
    body: bytes = FORM
    signed: bool = True

    def to(self, channel: Sms) -> bytes:
        """As bytes."""
        headers = {"Content-Type": self.kind, "X-Kannel-From": "081200001234"}
        if self.signed:
            headers |= channel._guard.sign(self.query[1:], self.body)[1]  # noqa: SLF001 (as its simulator)
        lines = [f"{name}: {value}" for name, value in headers.items()]
        return post(self.path + self.query, self.body, *lines)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(OPTIONS, st.builds(Request, PATHS, QUERIES, TYPES, BODIES, st.booleans()))
@example({}, Request())
async def test_both_ways_answer_and_keep_the_same(
    options: dict[str, object], request_: Request
) -> None:
    """Whatever is posted, in one piece or in two, with a secret or without."""
    channel = opened(**options)
    sent = request_.to(channel)

    assert await said(channel, sent, pieces=1) == await said(channel, sent, pieces=2)


class _Deaf(BaseProtocol):
    """What aiohttp's parser wants to have above it."""


PLAIN = ["Host: x", "Content-Length: 3"]
FIELDS = st.lists(
    st.sampled_from(
        [
            "Host: x",
            "host: y",
            "Content-Length: 3",
            "Content-Length: 03",
            "Content-Length: +3",
            "Content-Length: 3, 3",
            "content-length : 3",
            "Transfer-Encoding: chunked",
            "Transfer-Encoding : chunked",
            "Connection: keep-alive",
            "Connection: Upgrade",
            "Expect: 100-continue",
            "X-A: a\tb",
            "X-A: \x00",
            " folded",
            "X-B",
            ": b",
            "X-C: a\rb",
            "X-D: a\nTransfer-Encoding: chunked",
        ]
    ),
    max_size=4,
)
FIRST = st.sampled_from(
    [
        "POST /in/x HTTP/1.1",
        "POST /in/x?a=%20 HTTP/1.1",
        "POST  /in/x HTTP/1.1",
        "POST /in/x#a HTTP/1.1",
        "post /in/x HTTP/1.1",
        "POST /in/x HTTP/1.0",
        "POST http://y/in/x HTTP/1.1",
    ]
)


@given(FIRST, st.sampled_from([PLAIN, ["Host: x"], []]), FIELDS)
@example("POST /in/x HTTP/1.1", PLAIN, ["Transfer-Encoding: chunked"])
@example("POST /in/x HTTP/1.1", PLAIN, ["Connection: Upgrade"])
async def test_what_is_read_quickly_aiohttp_reads_alike(
    first: str, plain: list[str], fields: list[str]
) -> None:
    """Same path, query, headers and end of the body; or it is left to aiohttp."""
    head = "\r\n".join([first, *plain, *fields]).encode()
    quick = read_head(head)
    if quick is None:
        return
    loop = asyncio.get_running_loop()
    parser = HttpRequestParser(_Deaf(loop), loop, 1 << 16)
    try:
        [(message, body)], _, rest = parser.feed_data(head + b"\r\n\r\nabc")
    except HttpProcessingError as exc:
        pytest.fail(f"aiohttp refuses it: {exc}")
    raw_path, _, query = message.path.partition("?")

    assert (message.method, raw_path, query) == ("POST", quick.path, quick.query)
    assert message.headers == quick.headers
    assert (message.should_close, message.chunked, message.upgrade) == (False, False, False)
    assert (quick.length, rest) == (3, b"")
    assert await body.read() == b"abc"


async def test_a_plain_head_is_read_quickly() -> None:
    """Else the test above could not fail."""
    assert read_head(b"POST /in/x HTTP/1.1\r\nHost: x\r\nContent-Length: 3")
