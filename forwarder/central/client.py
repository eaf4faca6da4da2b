"""
One HTTP question to a store and its answer, with what every store needs: bounds and caution.

A total timeout, an upper bound on what is read, no redirects, no cookies, no private address unless
the operator allows it. What went wrong is told as an outcome: nothing left (TryLater), or it may
have arrived (Uncertain).
"""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from channels.contract import TryLater, Uncertain
from forwarder.central.addresses import (
    PublicResolver,
    host_of,
    is_private_literal,
    open_public_socket,
)
from forwarder.central.answers import ANSWER_LIMIT, Answer

# Part of the time for connecting: a store that is away must not use up the whole of it.
CONNECTING = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str]
    body: bytes = b""
    #: The most that is read of the answer, in bytes.
    limit: int = ANSWER_LIMIT


class Client:
    """Connections to one store; opened when they are needed."""

    def __init__(self, *, allow_private: bool, timeout: float, ca_file: str = "") -> None:
        self._allow_private = allow_private
        self._timeout = timeout
        self._ca_file = ca_file
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, question: Question) -> Answer | TryLater | Uncertain:
        """Ask once."""
        if why := self._forbids(question.url):
            return TryLater(reason=why)
        try:
            session = self._opened()
        except OSError as exc:
            return TryLater(reason=f"ca_file cannot be read: {_cause(exc)}")
        try:
            async with session.request(
                question.method,
                question.url,
                data=question.body or None,
                # A small answer may unpack to a large one; ours are small anyway.
                headers={"Accept-Encoding": "identity", **question.headers},
                allow_redirects=False,
            ) as response:
                return await _read(response, question.limit)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as exc:
            return TryLater(reason=f"cannot connect: {_cause(exc)}")
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            return Uncertain(reason=f"no answer: {type(exc).__name__}")

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()
            self._session = None

    def _forbids(self, url: str) -> str:
        host = host_of(url)
        if not host:
            return "the url in the settings is no http address"
        if not self._allow_private and is_private_literal(host):
            return f"{host} is a private address and allow_private is not set"
        return ""

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(
                total=self._timeout, sock_connect=self._timeout * CONNECTING
            )
            connector = aiohttp.TCPConnector(
                resolver=None if self._allow_private else PublicResolver(),
                socket_factory=None if self._allow_private else open_public_socket,
                ssl=ssl.create_default_context(cafile=self._ca_file or None),
                limit=0,  # the worker bounds how many are in flight
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session


async def _read(response: aiohttp.ClientResponse, limit: int) -> Answer:
    body = bytearray()
    async for chunk in response.content.iter_chunked(ANSWER_LIMIT):
        body += chunk
        if len(body) > limit:
            response.close()
            break
    return Answer(
        status=response.status,
        headers={name.lower(): value for name, value in response.headers.items()},
        body=bytes(body[:limit]),
        complete=len(body) <= limit,
    )


def _cause(error: Exception) -> str:
    """The operating system's or TLS's word for it; aiohttp's own text repeats the address."""
    cause = getattr(error, "os_error", error)
    number = getattr(cause, "errno", None) or 0
    return os.strerror(number) if number > 1 else str(cause.args[-1] if cause.args else cause)
