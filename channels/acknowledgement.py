"""
An answer that is the same for everybody, made once a second and not once a request.

Providers hear the same few bytes for every message; putting a response together anew would cost
more than sealing the message does. https://www.rfc-editor.org/rfc/rfc9110#name-date wants the date.
"""

import time
from email.utils import formatdate

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter


class Acknowledgement:
    """A 200 with a short plain text."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._ready = _Ready(body)

    def to(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to this request."""
        if request.keep_alive and request.version == HttpVersion11:
            return self._ready
        return _plain(self._body)

    def spelled(self) -> bytes:
        """The whole answer, for a connection that stays open."""
        return self._ready.spelled()


class _Ready(web.StreamResponse):
    """Bytes for connections that stay open; it keeps nothing of a request, so one serves all."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self._content = body
        self._made_at = 0
        self._bytes = b""

    @property
    def keep_alive(self) -> bool:
        """Always: others are answered in the usual way."""
        return True

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send it."""
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the provider hung up")
        transport.write(self.spelled())
        return None

    def spelled(self) -> bytes:
        """Head and body, as of this second."""
        now = int(time.time())
        if now != self._made_at:
            self._made_at, self._bytes = now, spell(_plain(self._content), now)
        return self._bytes

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to send."""


def _plain(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="text/plain")


def spell(answer: web.Response, now: int) -> bytes:
    """A short answer as it goes out on a connection that stays open; `now` in seconds."""
    body = answer.body if isinstance(answer.body, bytes) else b""
    head = (
        f"HTTP/1.1 {answer.status} {answer.reason}",
        *(f"{name}: {value}" for name, value in answer.headers.items()),
        f"Content-Length: {len(body)}",
        f"Date: {formatdate(now, usegmt=True)}",
    )
    return "\r\n".join([*head, "", ""]).encode() + body
