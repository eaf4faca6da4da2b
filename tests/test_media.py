"""Files that are fetched: limits, digests, redirects, and no way into our own network."""

import asyncio
import base64
import contextlib
import hashlib
import socket
from collections.abc import AsyncIterator
from ipaddress import ip_address

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from sms_gateway import serving

from channels.contract import Outcome, Receipt, Refused, TooLarge, TryLater
from channels.media import download, is_public

PHOTO = bytes(range(256)) * 1000
PRIVATE = Refused(reason="the address leads into a private network")


class Plate:
    """A sink in memory."""

    def __init__(self, most: int = 10**9) -> None:
        self.content = b""
        self._most = most

    async def write(self, chunk: bytes) -> None:
        """Take it, up to the cap."""
        self.content += chunk
        if len(self.content) > self._most:
            raise TooLarge


class Names(AbstractResolver):
    """The name server of these tests: every name has the addresses it is told."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Answer for any name."""
        del family
        return [
            ResolveResult(
                hostname=host, host=address, port=port, proto=0, flags=0,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
            )
            for address in self._addresses
        ]  # fmt: skip

    async def close(self) -> None:
        """Nothing is held."""


class Visited:
    """A server that remembers who came."""

    def __init__(self) -> None:
        self.headers: list[str] = []
        self.paths: list[str] = []

    async def give(self, request: web.Request) -> web.Response:
        """The photo."""
        self.paths.append(request.path)
        self.headers.append(request.headers.get("Authorization", ""))
        return web.Response(body=PHOTO, content_type="image/jpeg")


@contextlib.asynccontextmanager
async def knocked() -> AsyncIterator[tuple[int, list[str]]]:
    """A port on loopback and who connected to it."""
    knocks: list[str] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del reader
        knocks.append("in")
        writer.close()

    server = await asyncio.start_server(note, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], knocks


def redirecting(target: str, status: int = 302) -> web.RouteDef:
    """A route that points elsewhere."""

    async def elsewhere(request: web.Request) -> web.Response:
        del request
        return web.Response(status=status, headers={"Location": target})

    return web.get("/away", elsewhere)


# --- what comes --------------------------------------------------------------------------------


async def test_a_file_is_streamed_into_the_sink() -> None:
    """Its bytes are whole, the claimed type is told, credentials arrive."""
    visited, plate = Visited(), Plate()
    async with serving([web.get("/photo", visited.give)]) as url:
        outcome = await download(
            f"{url}/photo", plate, hosts=["127.0.0.1"], trusted=True,
            headers={"Authorization": "Bearer invented"},
        )  # fmt: skip

    assert outcome == Receipt(reference="image/jpeg")
    assert plate.content == PHOTO
    assert visited.headers == ["Bearer invented"]


async def test_a_file_over_the_cap_ends_at_the_cap() -> None:
    """The sink's word passes through; the rest is not read."""
    plate = Plate(most=100_000)
    async with serving([web.get("/photo", Visited().give)]) as url:
        with pytest.raises(TooLarge):
            await download(f"{url}/photo", plate, hosts=[], trusted=True)

    assert len(plate.content) < len(PHOTO)


@pytest.mark.parametrize("form", ["hex", "base64"])
async def test_the_digest_is_compared(form: str) -> None:
    """Providers write it in hex or base64; another file is fetched again."""

    def written(content: bytes) -> str:
        digest = hashlib.sha256(content).digest()
        return digest.hex() if form == "hex" else base64.b64encode(digest).decode()

    async with serving([web.get("/photo", Visited().give)]) as url:
        right, wrong, garbage = [
            await download(f"{url}/photo", Plate(), hosts=[], trusted=True, sha256=sha256)
            for sha256 in (written(PHOTO), written(b"other"), "?")
        ]

    assert right == Receipt(reference="image/jpeg")
    assert wrong == garbage == TryLater(reason="not fetched: what came has another digest")


@pytest.mark.parametrize(
    ("status", "with_credentials", "without"),
    [
        (204, Refused(reason="answered 204"), Refused(reason="answered 204")),
        (
            401,
            TryLater(reason="answered 401", wait=60, trouble="bad_credentials"),
            Refused(reason="answered 401"),
        ),
        (404, Refused(reason="answered 404"), Refused(reason="answered 404")),
        (
            429,
            TryLater(reason="answered 429", wait=60, trouble="throttled"),
            TryLater(reason="answered 429", wait=60),
        ),
        (503, TryLater(reason="answered 503"), TryLater(reason="answered 503")),
    ],
)
async def test_a_refusal_is_a_refusal(
    status: int, with_credentials: Outcome, without: Outcome
) -> None:
    """Only a server that was shown our credentials can put the channel in trouble."""

    async def refuse(request: web.Request) -> web.Response:
        del request
        return web.Response(status=status)

    async with serving([web.get("/", refuse)]) as url:
        known = await download(url, Plate(), hosts=[], trusted=True, headers={"X-Key": "1"})
        stranger = await download(url, Plate(), hosts=[], trusted=True)

    assert known == with_credentials
    assert stranger == without


async def test_a_server_that_is_away_is_tried_later(free_port: int) -> None:
    """Nothing is lost: the message names the file still."""
    outcome = await download(f"http://127.0.0.1:{free_port}/", Plate(), hosts=[], trusted=True)

    assert outcome == TryLater(reason="not fetched: ClientConnectorError")


async def test_a_transfer_that_breaks_is_tried_later() -> None:
    """Half a file is none."""

    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(half, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        outcome = await download(f"http://127.0.0.1:{port}/", Plate(), hosts=[], trusted=True)

    assert outcome == TryLater(reason="not fetched: ClientPayloadError")


@pytest.mark.parametrize(("timeout", "idle"), [(0.3, 20.0), (20.0, 0.2)], ids=["total", "idle"])
async def test_a_slow_transfer_ends(timeout: float, idle: float) -> None:  # noqa: ASYNC109 (an option)
    """Byte by byte until the total timeout, or silence until the idle one."""
    pause = 0.02 if idle > timeout else 5
    given_up = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100000"})
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while not given_up.is_set():
                await response.write(b".")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(given_up.wait(), pause)
        return response

    async with serving([web.get("/", slow)]) as url:
        outcome = await asyncio.wait_for(
            download(url, Plate(), hosts=[], trusted=True, timeout=timeout, idle=idle), 15
        )
        given_up.set()

    assert isinstance(outcome, TryLater)


# --- where from --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://cdn.example.id/a.jpg", "the address is not https"),
        ("ftp://cdn.example.id/a.jpg", "the address is not https"),
        ("file:///etc/passwd", "no address to fetch: ValueError"),
        ("/a.jpg", "no address to fetch: ValueError"),
        ("https://", "no address to fetch: ValueError"),
        ("", "no address to fetch: ValueError"),
        ("https://cdn.example.id@evil.example/a", "the address holds a name or password"),
        ("https://evil.example/a", "the address is of a host this provider does not use"),
        ("https://evilcdn.example.id/a", "the address is of a host this provider does not use"),
        ("https://cdn.example.id.evil/", "the address is of a host this provider does not use"),
    ],
)
async def test_only_https_of_the_providers_hosts_is_asked(url: str, reason: str) -> None:
    """Anything else is refused before a name is looked up; the refusal quotes nothing."""
    outcome = await download(url, Plate(), hosts=["cdn.example.id"])

    assert outcome == Refused(reason=reason)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0",
        "100.100.100.200", "192.0.0.192", "168.63.129.16", "255.255.255.255", "224.0.0.1",
        "::1", "::", "fe80::1", "fe80::1%1", "fd00:ec2::254", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::10.0.0.1",
        "64:ff9b:1::1", "2002:7f00:1::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
)  # fmt: skip
async def test_a_name_that_leads_inside_is_refused_at_connect(address: str) -> None:
    """Loopback, private, link-local, metadata, multicast, and IPv4 in an IPv6 coat."""
    outcome = await download(
        "https://cdn.example.id/a", Plate(), hosts=["example.id"], resolver=Names(address)
    )

    assert outcome == PRIVATE
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_the_open_internet_is_allowed(address: str) -> None:
    """Public addresses, also behind an IPv6-only network."""
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::1]", "[::]", "2130706433", "127.1"),
        *("0177.0.0.1", "0", "0.0.0.0", "LOCALHOST"),
    ],
)
async def test_nobody_knocks_at_our_own_door(host: str) -> None:
    """However loopback is written, no connection is opened to it."""
    async with knocked() as (port, knocks):
        outcome = await download(f"https://{host}:{port}/", Plate(), hosts=[])
        before = list(knocks)
        await download(f"http://127.0.0.1:{port}/", Plate(), hosts=[], trusted=True)

    assert isinstance(outcome, Refused | TryLater)
    assert before == []
    assert knocks != []


# --- redirects ---------------------------------------------------------------------------------


async def test_redirects_are_followed_to_the_file() -> None:
    """On the same host credentials stay, and relative addresses are understood."""
    visited, plate = Visited(), Plate()
    async with serving([redirecting("photo"), web.get("/photo", visited.give)]) as url:
        outcome = await download(
            f"{url}/away", plate, hosts=[], trusted=True, headers={"Authorization": "Bearer x"}
        )

    assert outcome == Receipt(reference="image/jpeg")
    assert plate.content == PHOTO
    assert visited.headers == ["Bearer x"]


async def test_redirects_have_an_end() -> None:
    """Three are followed."""
    hops = 0

    async def round_and_round(request: web.Request) -> web.Response:
        nonlocal hops
        hops += 1
        raise web.HTTPTemporaryRedirect(request.path)

    async with serving([web.get("/", round_and_round)]) as url:
        outcome = await download(url, Plate(), hosts=[], trusted=True)

    assert outcome == Refused(reason="too many redirects")
    assert hops == 4


@pytest.mark.parametrize(
    ("target", "outcome"),
    [
        ("https://169.254.169.254/latest/meta-data/", PRIVATE),
        ("https://localhost:{port}/", PRIVATE),
        ("https://127.0.0.1:{port}/", PRIVATE),
        ("https://[::1]:{port}/", PRIVATE),
        ("http://127.0.0.1:{port}/", Refused(reason="the address is not https")),
        ("file:///etc/passwd", Refused(reason="no address to fetch: ValueError")),
        ("http://[", Refused(reason="no address to fetch: ValueError")),
    ],
)
async def test_a_redirect_cannot_lead_inside(target: str, outcome: Outcome) -> None:
    """Trust ends with the configured host and port; from there the same checks hold."""
    async with knocked() as (port, knocks):
        route = redirecting(target.format(port=port))
        async with serving([route]) as url:
            came = await download(f"{url}/away", Plate(), hosts=[], trusted=True)

    assert came == outcome
    assert knocks == []


async def test_a_redirect_to_another_host_is_not_the_providers() -> None:
    """The list of hosts holds for every step."""
    async with serving([redirecting("https://evil.example/")]) as url:
        came = await download(f"{url}/away", Plate(), hosts=["127.0.0.1"], trusted=True)

    assert came == Refused(reason="the address is of a host this provider does not use")
