"""
Names that lead inside, for whoever fetches or posts to an address: a world of their own.

Run as a script within namespaces (see `hostile_ssrf`): there this name server is the system's,
public and private addresses are this machine's, and a server on all of them notes where it was
knocked at.
"""

import asyncio
import contextlib
import json
import socket
import struct
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import cast

sys.path[:1] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

import aiohttp  # noqa: E402 (see above)
from api_app import OLD, app  # noqa: E402

from channels import rss_http  # noqa: E402
from channels.api_callback import Callbacks  # noqa: E402
from channels.contract import Reply  # noqa: E402
from channels.media import download, is_public  # noqa: E402
from forwarder.central.client import Client, Question  # noqa: E402

PUBLIC, INSIDE = "198.41.0.4", "10.0.0.1"
ADDRESSES = (PUBLIC, INSIDE, "169.254.169.254")
PORT = 21_443
A, AAAA = 1, 28
#: What is answered when a name is asked for the first time, and ever after.
MANNERS = {
    "moves": ((PUBLIC,), (INSIDE,)),
    "loopback": ((PUBLIC,), ("127.0.0.1",)),
    "metadata": ((PUBLIC,), ("169.254.169.254",)),
    "zero": (("0.0.0.0",), ("0.0.0.0",)),
    "mixed": ((INSIDE, PUBLIC), (INSIDE,)),
    "inside": ((INSIDE,), (PUBLIC, INSIDE)),
    "mapped": (("::ffff:10.0.0.1",), ("::ffff:127.0.0.1",)),
}
#: Ways to write an address that is inside.
WRITTEN = (
    *("127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "0.0.0.0", "10.0.0.1"),
    *("167772161", "012.0.0.1", "0xa.0.0.1", "10.1", "169.254.169.254", "2852039166", "localhost"),
    *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:a00:1]", "[::127.0.0.1]", "127.0.0.1."),
    *(
        "public.example.org@10.0.0.1",
        "10.0.0.1#@public.example.org",
        "\uff11\uff10.0.0.1",
        "10\u30020\u30020\u30021",
    ),
)
REPLY = Reply(
    id="abcdefgh234567", to="a", text="Terima kasih", now=datetime(2026, 1, 3, tzinfo=UTC)
)
Way = Callable[[str], Awaitable[object]]


class NameServer(asyncio.DatagramProtocol):
    """Answers for every name, in the manner its first label asks for; nothing may be kept."""

    def __init__(self) -> None:
        self._asked: Counter[tuple[str, int]] = Counter()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note whom to answer by."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """One question, one answer."""
        end = data.index(b"\0", 12) + 5
        kind = struct.unpack("!H", data[end - 4 : end - 2])[0]
        name = data[12 : end - 4].decode("latin-1")
        first, after = MANNERS.get(data[13 : 13 + data[12]].decode("latin-1"), ((), ()))
        family = {A: socket.AF_INET, AAAA: socket.AF_INET6}.get(kind)
        found = [one for one in (after if self._asked[name, kind] else first) if _is(one, family)]
        self._asked[name, kind] += 1
        answers = b"".join(_record(kind, family, one) for one in found if family)
        head = data[:2] + struct.pack("!5H", 0x8180, 1, len(found), 0, 0)
        self._transport.sendto(head + data[12:end] + answers, addr)


def _is(address: str, family: int | None) -> bool:
    return family == (socket.AF_INET6 if ":" in address else socket.AF_INET)


def _record(kind: int, family: int, address: str) -> bytes:
    packed = socket.inet_pton(family, address)
    return struct.pack("!HHHIH", 0xC00C, kind, 1, 0, len(packed)) + packed


class Doors:
    """A server on every address of this world; whoever gets in is sent on to a private one."""

    def __init__(self) -> None:
        self.knocks: Counter[str] = Counter()
        #: Who asks for what at the moment, and what of ours was led inside.
        self.now = ""
        self.led: list[str] = []

    async def let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Note which address was knocked at."""
        here = ip_address(writer.get_extra_info("sockname")[0])
        mapped = getattr(here, "ipv4_mapped", None) or here
        self.knocks["public" if is_public(mapped) else "inside"] += 1
        if not is_public(mapped) and "careless" not in self.now:
            self.led.append(f"{self.now} to {here}")
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            async with asyncio.timeout(2):
                # Whoever speaks TLS is seen, and needs no more.
                tls = await reader.readexactly(1) == b"\x16"
                await asyncio.sleep(0) if tls else await reader.readuntil(b"\r\n\r\n")
            away = f"HTTP/1.1 302 Found\r\nLocation: http://{INSIDE}:{PORT}/\r\n"
            writer.write(away.encode() + b"Content-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
        writer.close()


async def media(host: str) -> object:
    """A citizen's photo."""
    return await download(f"https://{host}:{PORT}/", Plate(), hosts=[], timeout=5)


class Plate:
    """Takes what comes."""

    async def write(self, chunk: bytes) -> None:
        """Leave it."""


async def feed(host: str) -> object:
    """A feed."""
    return await rss_http.get(
        f"http://{host}:{PORT}/", private=False, etag="", modified="", timeout=5, most_bytes=999
    )


async def callback(host: str) -> object:
    """An app's own address."""
    posted = app(callback_url=f"https://{host}:{PORT}/", callback_secrets=(OLD,))
    return await Callbacks(lambda: 0.0, timeout=5).post(posted, REPLY, "1")


async def central(host: str) -> object:
    """A central store."""
    client = Client(allow_private=False, timeout=5)
    try:
        question = Question(method="POST", url=f"http://{host}:{PORT}/", headers={})
        return await client.ask(question)
    finally:
        await client.close()


async def careless(host: str) -> object:
    """What looks a name up, finds it public, and then asks by name; follows redirects, too."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host.strip("[]"), PORT, type=socket.SOCK_STREAM)
    if not all(is_public(ip_address(one[4][0])) for one in found):
        return None
    async with aiohttp.ClientSession() as session, session.get(f"http://{host}:{PORT}/") as answer:
        return answer.status


WAYS: tuple[Way, ...] = (media, feed, callback, central)


def hosts(rounds: int) -> Iterator[str]:
    """Each name is another one, so that nobody remembers it."""
    for at in range(rounds):
        yield from (f"{manner}.{at}" for manner in MANNERS)
    yield from WRITTEN


async def knocks_by(ways: tuple[Way, ...], rounds: int, doors: Doors) -> Counter[str]:
    """Where they knocked."""
    doors.knocks = Counter()
    for way in ways:
        for host in hosts(rounds):
            name = f"{host}.{way.__name__}.example.org" if host.split(".")[0] in MANNERS else host
            doors.knocks["asked"] += 1
            doors.now = f"{way.__name__}: {name}"
            # Each has its own way to refuse; what counts is where it went.
            with contextlib.suppress(Exception):
                async with asyncio.timeout(20):
                    await way(name)
    return doors.knocks


async def main() -> None:
    """All ways, and the careless one, which shows that the doors can be reached."""
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(NameServer, local_addr=("127.0.0.1", 53))
    doors = Doors()
    rounds = int(sys.argv[1])
    async with await asyncio.start_server(doors.let_in, None, PORT):
        ours = dict(await knocks_by(WAYS, rounds, doors))
        theirs = dict(await knocks_by((careless,), rounds, doors))
    sys.stdout.write(json.dumps({"ours": ours, "careless": theirs, "led": doors.led}))


if __name__ == "__main__":
    asyncio.run(main())
