"""
Getting a feed: only if it changed, only so many bytes, and not from our own network by accident.

Each socket is checked as it connects, so a name that leads inside and a redirect to it are refused
alike; only a feed marked `private` may be there. Nothing of ours goes along but the two validators.
"""

import socket
from dataclasses import replace
from http import HTTPStatus
from ipaddress import ip_address

import aiohttp
from aiohttp.connector import AddrInfoType

from channels.media import is_public
from channels.provider_http import Answer

_MOST_REDIRECTS = 4
_CHUNK = 64 * 1024
_ACCEPT = "application/rss+xml, application/atom+xml, application/xml;q=0.9, */*;q=0.5"
_AGENT = "lapor-gateway (+feed reader)"


class NotRead(Exception):
    """The feed did not come; `reason` quotes nothing of it, `wait` is in seconds."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait


async def get(  # noqa: PLR0913 (what is asked, and its limits, by name)
    url: str,
    *,
    private: bool,
    etag: str,
    modified: str,
    timeout: float,  # noqa: ASYNC109 (bounds the transfer, not this coroutine alone)
    most_bytes: int,
) -> Answer:
    """The feed, or an answer 304 where it is still the same; raises NotRead for anything else."""
    headers = {"Accept": _ACCEPT, "Accept-Encoding": "identity", "User-Agent": _AGENT}
    headers |= {"If-None-Match": etag} if etag else {}
    headers |= {"If-Modified-Since": modified} if modified else {}
    inside = _Inside()
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            force_close=True, socket_factory=None if private else inside.open_socket
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=timeout),
    )
    try:
        async with (
            session,
            session.get(url, headers=headers, max_redirects=_MOST_REDIRECTS) as response,
        ):
            return await _taken(response, most_bytes)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        if inside.was_met:
            raise NotRead("the address leads into a private network (private = false)") from error
        raise NotRead(f"no answer: {type(error).__name__}") from error


class _Inside:
    """Opens sockets to the open internet alone."""

    def __init__(self) -> None:
        self.was_met = False

    def open_socket(self, target: AddrInfoType) -> socket.socket:
        """The socket for one address, just before it connects."""
        family, kind, protocol, _, address = target
        if not is_public(ip_address(address[0])):
            self.was_met = True
            raise OSError("not a public address")
        return socket.socket(family, kind, protocol)


async def _taken(response: aiohttp.ClientResponse, most_bytes: int) -> Answer:
    head = Answer(status=response.status, headers=response.headers, body=b"")
    if response.status == HTTPStatus.NOT_MODIFIED:
        return head
    if response.status != HTTPStatus.OK:
        raise NotRead(f"answered {response.status}", head.wait or 0.0)
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > most_bytes:
            raise NotRead(f"larger than {most_bytes} bytes")
    return replace(head, body=bytes(body))
