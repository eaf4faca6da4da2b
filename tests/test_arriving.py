"""Bodies on their way to the public listener: how much of them is held, and for whom."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from doors import door
from listening import listening

from channels.body import read_body
from channels.contract import Channel, Secret
from channels.line import Line
from channels.messenger import Messenger
from channels.multipart import Parts
from channels.officer import Officer
from channels.open311 import Open311
from channels.room import Lease, Room, lease_of
from channels.sms import Sms
from channels.telegram import Telegram
from channels.x import X
from gateway.http import public_app, runner_of

ROOM = 1000
SECRETS = (Secret("rahasia-0123456789-abcdef"),)
FORM = "multipart/form-data; boundary=b"


class Visitor:
    """One connection, by which bytes are sent a few at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def begin(self, path: str, *headers: str, length: int) -> None:
        """Send the head; wait until it is out."""
        lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {length}", *headers]
        await self.send("\r\n".join([*lines, "", ""]).encode())

    async def send(self, content: bytes) -> None:
        """Send some more."""
        self._writer.write(content)
        await self._writer.drain()

    async def heard(self) -> str:
        """The head of the answer."""
        async with asyncio.timeout(30):
            return (await self._reader.readuntil(b"\r\n\r\n")).decode()

    def leave(self) -> None:
        """Hang up."""
        self._writer.close()


async def visitor(address: tuple[str, int]) -> Visitor:
    return Visitor(*await asyncio.open_connection(*address))


@asynccontextmanager
async def listener(held: asyncio.Queue[int]) -> AsyncIterator[tuple[str, int]]:
    """A door that reads bodies whole, one that reads forms; `held`: what their leases hold."""

    async def receive(request: web.Request) -> web.Response:
        lease = lease_of(request)
        held.put_nowait(lease.held)
        body = await read_body(request, ROOM)
        held.put_nowait(lease.held)
        return web.Response(text=str(len(body or b"")))

    async def take_form(request: web.Request) -> web.Response:
        parts = Parts(request.content, FORM, 10 * ROOM, lease_of(request))
        while await parts.next():
            pass
        return web.Response()

    routes = [web.post("/in/x", receive), web.post("/form", take_form)]
    runner = runner_of(public_app(routes, most_bytes=ROOM, arriving_bytes=ROOM), drain=1)
    async with listening(runner):
        yield runner.addresses[0][:2]


@pytest.mark.parametrize(
    ("path", "headers"), [("/in/x", ()), ("/form", (f"Content-Type: {FORM}",))]
)
async def test_bodies_that_arrive_share_one_room(path: str, headers: tuple[str, ...]) -> None:
    """Where it is full the next hears "later"; what ends gives its share back."""
    held = asyncio.Queue[int]()
    async with listener(held) as address:
        slow, late, after = [await visitor(address) for _ in range(3)]
        await slow.begin("/in/x", length=900)
        await held.get()
        await slow.send(b"a" * 800)
        await late.begin(path, *headers, length=ROOM)
        await late.send(b"--b\r\n\r\n" + b"a" * 600)
        refusal = await late.heard()
        await slow.send(b"a" * 100)
        first = await slow.heard()
        await after.begin("/in/x", length=ROOM)
        await after.send(b"a" * (ROOM - 1))
        await after.send(b"a")
        second = await after.heard()
        for one in (slow, late, after):
            one.leave()

    assert refusal.startswith("HTTP/1.1 503 ")
    assert "\r\nRetry-After: " in refusal
    assert first.startswith("HTTP/1.1 200 ")
    assert second.startswith("HTTP/1.1 200 ")


async def test_what_is_announced_takes_no_room() -> None:
    """A thousand heads without a body cost their senders nothing and keep nobody out."""
    held = asyncio.Queue[int]()
    async with listener(held) as address:
        idle = [await visitor(address) for _ in range(20)]
        for one in idle:
            await one.begin("/in/x", length=ROOM)
            assert await held.get() == 0
        honest = await visitor(address)
        await honest.begin("/in/x", length=ROOM)
        await honest.send(b"a" * ROOM)

        assert (await honest.heard()).startswith("HTTP/1.1 200 ")
        for one in (*idle, honest):
            one.leave()


def test_a_share_within_another_is_taken_from_both() -> None:
    """The form's own bound and the one of all bodies hold together."""
    all_bodies, forms = Room(100), Room(50)
    with all_bodies.lease() as arriving, forms.lease(arriving) as lease:
        taken = [lease.take(size) for size in (40, 20, 10)]

        assert taken == [True, False, True]
        assert (all_bodies.free, forms.free) == (50, 0)
        assert not Lease(Room(100), arriving).take(60)
    assert (all_bodies.free, forms.free) == (100, 50)


def closed_doors() -> dict[str, Channel]:
    """Channels whose key or signature stands in a header."""
    key = bytes(32)
    return {
        "/in/line": Line(Line.Options(secrets=SECRETS), key),
        "/in/messenger": Messenger(Messenger.Options(secrets=SECRETS), key),
        "/in/x": X(X.Options(secrets=SECRETS), key),
        "/in/telegram": Telegram(Telegram.Options(mode="webhook", secrets=SECRETS), key),
        "/in/officer": Officer(Officer.Options(secrets=SECRETS), key),
        "/in/sms": Sms(Sms.Options(secrets=SECRETS), key),
        "/in/sms?": Sms(Sms.Options(secrets=SECRETS, secret_in="hmac:X-Signature"), key),
        "/open311/v2/requests.json": Open311(Open311.Options(), key),
    }


@pytest.mark.parametrize("path", closed_doors())
async def test_who_shows_no_key_is_refused_before_the_body(path: str, tmp_path: Path) -> None:
    """None of a large body is read for a stranger, and the refusal does not wait for it."""
    async with door(closed_doors()[path], tmp_path) as site:
        address = urlsplit(site.url)
        stranger = await visitor((address.hostname or "", address.port or 0))
        form = "Content-Type: application/x-www-form-urlencoded"
        await stranger.begin(path, form, length=1000)
        refusal = await stranger.heard()
        await stranger.send(b"a" * 1000)  # else the server waits for it a while
        stranger.leave()

    assert refusal.startswith("HTTP/1.1 403 ")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"POST /in/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na", "200"),
        (b"GET /none HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
        (b"no HTTP at all\r\n\r\n", "400"),
    ],
)
async def test_answers_do_not_tell_what_runs_here(request_bytes: bytes, status: str) -> None:
    """Who looks for a version with a known hole finds none, also on aiohttp's own error pages."""
    async with listener(asyncio.Queue[int]()) as address:
        stranger = await visitor(address)
        await stranger.send(request_bytes)
        head = await stranger.heard()
        stranger.leave()

    assert head.split()[1] == status
    assert re.findall(r"(?im)^Server: (.*)\r$", head) == ["lapor-gateway"]
    assert not re.search(r"(?i)aiohttp|python", head)
