"""
Who receives a connection: at first somebody quick, and aiohttp for good once it needs more.

A webhook that is here in one piece is given to its door at once; the connection asks for nothing
else meanwhile and hears the answer when the message is on disk. Anything but that - another path,
an odd head, a body in pieces, a refusal, a second request before the answer - goes to aiohttp as it
came, with the connection, so there is one place that knows HTTP.
"""

import asyncio
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import cast

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from channels.acknowledgement import spell
from channels.contract import Accepted, NotStored
from channels.posted import Posted, QuickDoor
from channels.problem import problem
from gateway.quick_head import MOST_BYTES, read_head

log = structlog.get_logger()

RETRY_SECONDS = 5

Stored = asyncio.Future[Accepted]


class Reception(web.Server):
    """What makes a protocol for each connection; it looks like aiohttp's own, and uses that."""

    def __init__(
        self, usual: web.Server, doors: Mapping[str, QuickDoor], idle_seconds: float
    ) -> None:
        super().__init__(usual.request_handler, request_factory=usual.request_factory)
        self.usual = usual
        self.doors = doors
        self.idle_seconds = idle_seconds
        self.callers: set[Caller] = set()

    def __call__(self) -> RequestHandler:
        """A protocol for a new connection."""
        return cast("RequestHandler", Caller(self))

    def pre_shutdown(self) -> None:
        """Let nobody ask for more."""
        for caller in list(self.callers):
            caller.leave()
        self.usual.pre_shutdown()

    async def shutdown(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 (aiohttp's)
        """Wait for what is under way."""
        if under_way := [caller.stored for caller in self.callers if caller.stored]:
            await asyncio.wait(under_way, timeout=timeout)
            await asyncio.sleep(0)  # their answers go out
        for caller in list(self.callers):
            caller.hang_up()
        await self.usual.shutdown(timeout)


class Caller(asyncio.Protocol):
    """One connection, as long as nothing unusual is said on it."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._remote: str | None = None
        self._leaving = False
        self._heard_at = self._loop.time()
        self._idle = self._loop.call_later(reception.idle_seconds, self._look)
        #: What is said before the answer to what was said before it.
        self._early = b""
        self._door: QuickDoor | None = None
        #: The message on its way to disk.
        self.stored: Stored | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody is there."""
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self._remote = peer[0] if isinstance(peer, tuple) else peer
        self._reception.callers.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """They left; what they said is stored all the same."""
        del exc
        self._forget()

    def pause_writing(self) -> None:
        """Hundreds of answers that nobody reads: this is no provider."""
        if self._transport:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take it, or let aiohttp have it."""
        transport = self._transport
        if transport is None or self._leaving:
            return
        if self.stored:
            self._early += data
            transport.pause_reading()
            return
        self.stored = self._take(data)
        if self.stored:
            self._heard_at = self._loop.time()
            self.stored.add_done_callback(self._answer)

    def _take(self, data: bytes) -> Stored | None:
        end = data.find(b"\r\n\r\n", 0, MOST_BYTES)
        head = read_head(data[:end]) if end >= 0 else None
        door = self._reception.doors.get(head.path) if head else None
        if head is None or door is None or len(data) != end + 4 + head.length:
            self._hand_over(data)
            return None
        self._door = door
        try:
            stored = door.take(Posted(head.query, head.headers, data[end + 4 :], self._remote))
        except NotStored:
            self._say(_not_stored())
            return None
        except Exception:
            # Our bug: the usual way answers, and says that nothing was stored.
            log.exception("request failed", route=head.path)
            stored = None
        if stored is None:
            self._hand_over(data)
        return stored

    def _answer(self, stored: Stored) -> None:
        self.stored = None
        if stored.cancelled():
            self.hang_up()
            return
        is_stored = stored.exception() is None
        assert self._door  # noqa: S101 (it was asked for what is stored now)
        self._say(self._door.answer.spelled() if is_stored else _not_stored())
        if self._leaving:
            self.hang_up()
        elif self._early:
            early, self._early = self._early, b""
            self._hand_over(early)

    def _say(self, answer: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(answer)

    def _hand_over(self, data: bytes) -> None:
        """From now on aiohttp has this connection."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        self._forget()
        usual = self._reception.usual()
        transport.set_protocol(usual)
        usual.connection_made(transport)
        usual.data_received(data)
        if not transport.is_reading():
            transport.resume_reading()

    def leave(self) -> None:
        """Answer what was asked, and end."""
        self._leaving = True
        if not self.stored:
            self.hang_up()

    def hang_up(self) -> None:
        """End the connection when what was said is sent."""
        if self._transport:
            self._transport.close()

    def _look(self) -> None:
        """Send away who has said nothing for long."""
        left = self._heard_at + self._reception.idle_seconds - self._loop.time()
        if left > 0 or self.stored:
            self._idle = self._loop.call_later(max(left, 1.0), self._look)
        elif self._transport and self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self.hang_up()

    def _forget(self) -> None:
        self._reception.callers.discard(self)
        self._transport = None
        self._idle.cancel()


def _not_stored() -> bytes:
    answer = problem(HTTPStatus.SERVICE_UNAVAILABLE, wait=RETRY_SECONDS)
    return spell(answer, int(time.time()))
