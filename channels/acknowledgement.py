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
        return web.Response(body=self._body, content_type="text/plain")


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
        now = int(time.time())
        if now != self._made_at:
            self._made_at, self._bytes = now, _spell(self._content, now)
        transport.write(self._bytes)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to send."""


def _spell(body: bytes, now: int) -> bytes:
    head = (
        "HTTP/1.1 200 OK",
        "Content-Type: text/plain",
        f"Content-Length: {len(body)}",
        f"Date: {formatdate(now, usegmt=True)}",
    )
    return "\r\n".join([*head, "", ""]).encode() + body
