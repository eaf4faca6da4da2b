"""
Files the world names: fetched without becoming a way into our own network (SSRF).

An address in a message is the citizen's word. It must be https, of a host the provider uses, and
every socket is checked at the moment it connects, by the address it connects to: names that lead
inside, literal addresses and what a redirect names all pass through the same gate. An address the
operator configured (`trusted`) is spared it, and only as far as that one host and port.
"""

import base64
import binascii
import hashlib
import socket
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.connector import AddrInfoType
from yarl import URL

from channels.contract import Outcome, Receipt, Refused, Sink, TryLater
from channels.provider_http import Answer, outcome_of

MOST_REDIRECTS = 3

_CHUNK = 64 * 1024
_REDIRECTS = {301, 302, 303, 307, 308}

# Azure's host answers virtual machines on an address that looks public.
_METADATA = IPv4Address("168.63.129.16")
# IPv4 in an IPv6 coat: the last 32 bits are the address that is reached.
_COATS = (ip_network("64:ff9b::/96"), ip_network("::/96"), ip_network("::ffff:0:0:0/96"))
_NOT_GLOBAL = (ip_network("192.0.0.0/24"), ip_network("64:ff9b:1::/48"))


async def download(  # noqa: PLR0913 (what is asked, and its limits, by name)
    url: str,
    sink: Sink,
    *,
    hosts: Sequence[str],
    headers: Mapping[str, str] | None = None,
    trusted: bool = False,
    sha256: str = "",
    timeout: float = 120.0,  # noqa: ASYNC109 (bounds the transfer, not this coroutine alone)
    idle: float = 20.0,
    resolver: AbstractResolver | None = None,
) -> Outcome:
    """
    Stream one file into `sink`; Receipt names the media type the server claims.

    The host must be one of `hosts` or below one; none: any. `headers` (credentials) go to the first
    host alone, `sha256` (hex or base64) must be what came. Seconds: `timeout` for all of it, `idle`
    for each wait. TooLarge of the sink passes through.
    """
    gate = _Gate()
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            force_close=True, resolver=resolver, socket_factory=gate.open_socket
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=timeout, connect=idle, sock_read=idle),
        headers={"Accept-Encoding": "identity"},
    )
    async with session:
        try:
            first = URL(url)
            journey = _Journey(session, gate, hosts, first.origin() if trusted else None)
            return await journey.run(first, sink, headers or {}, sha256)
        except ValueError as error:  # no URL, or a header that cannot be written
            return Refused(reason=f"no address to fetch: {type(error).__name__}")
        except (aiohttp.ClientError, TimeoutError) as error:
            if gate.has_refused:
                return Refused(reason="the address leads into a private network")
            return TryLater(reason=f"not fetched: {type(error).__name__}")


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether it is an address of the open internet; IPv4 within IPv6 is judged as IPv4."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and any(address in coat for coat in _COATS):
            inner = IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(inner)
        if address.teredo:
            return False
    if any(address in network for network in _NOT_GLOBAL) or address == _METADATA:
        return False
    return address.is_global and not address.is_multicast


class _Gate:
    """Opens sockets to public addresses, and to others while `is_open`."""

    def __init__(self) -> None:
        self.is_open = False
        self.has_refused = False

    def open_socket(self, target: AddrInfoType) -> socket.socket:
        """The socket for one address, just before it connects."""
        family, kind, protocol, _, address = target
        if not self.is_open and not is_public(ip_address(address[0])):
            self.has_refused = True
            raise OSError("not a public address")
        return socket.socket(family, kind, protocol)


class _Journey:
    """The way to one file, redirects included; each step is checked anew."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        gate: _Gate,
        hosts: Sequence[str],
        trusted: URL | None,
    ) -> None:
        self._session = session
        self._gate = gate
        self._hosts = [host.lower() for host in hosts]
        self._trusted = trusted

    async def run(
        self, first: URL, sink: Sink, credentials: Mapping[str, str], sha256: str
    ) -> Outcome:
        """From address to address until the file comes."""
        url = first
        for _ in range(MOST_REDIRECTS + 1):
            own = credentials if url.origin() == first.origin() else {}
            refusal = self._refusal(url)
            if refusal:
                return Refused(reason=refusal)
            async with self._session.get(url, headers=own, allow_redirects=False) as response:
                location = response.headers.get("Location", "")
                if response.status not in _REDIRECTS or not location:
                    return await _take(response, sink, sha256, is_ours=bool(own))
                url = url.join(URL(location))
        return Refused(reason="too many redirects")

    def _refusal(self, url: URL) -> str:
        """Why this address is not asked; "" where it may be."""
        is_trusted = self._trusted is not None and url.origin() == self._trusted
        self._gate.is_open = is_trusted
        host = (url.host or "").lower()
        if url.scheme != "https" and not (is_trusted and url.scheme == "http"):
            return "the address is not https"
        if url.user is not None or url.password is not None:
            return "the address holds a name or password"
        if self._hosts and not any(host == h or host.endswith(f".{h}") for h in self._hosts):
            return "the address is of a host this provider does not use"
        return ""


async def _take(
    response: aiohttp.ClientResponse, sink: Sink, sha256: str, *, is_ours: bool
) -> Outcome:
    if response.status != HTTPStatus.OK:
        return _failure(response, is_ours=is_ours)
    hashed = hashlib.sha256()
    async for chunk in response.content.iter_chunked(_CHUNK):
        hashed.update(chunk)
        await sink.write(chunk)
    if sha256 and hashed.digest() != _digest(sha256):
        return TryLater(reason="not fetched: what came has another digest")
    return Receipt(reference=response.content_type)


def _failure(response: aiohttp.ClientResponse, *, is_ours: bool) -> Outcome:
    answer = Answer(status=response.status, headers=response.headers, body=b"")
    outcome = Refused(reason=f"answered {answer.status}")
    judged = outcome_of(answer) if not answer.is_success else outcome
    # A stranger's server says nothing about our credentials, so it cannot stop the channel.
    if isinstance(judged, TryLater) and judged.trouble and not is_ours:
        is_throttled = judged.trouble == "throttled"
        return replace(judged, trouble=None) if is_throttled else outcome
    return judged


def _digest(written: str) -> bytes:
    """The bytes of a digest in hex or base64; none for anything else."""
    try:
        return bytes.fromhex(written)
    except ValueError:
        pass
    try:
        return base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        return b""
