"""S5: clients that hold connections and give nothing, while everybody else wants to be served."""

import asyncio
import contextlib
import resource
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from gateway_process import Gateway
from load import Crowd, Load

from torture.case import Case, Chamber, Finding

#: What others may wait while the crowd stands at the door, seconds; the bar is for a full run.
BAR, NOISY = 1.0, 20.0
#: What a connection that says nothing may cost, bytes of memory.
EACH = 40_000
SLOW = b"POST /in/sms HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
SMTP_SLOW = b"EHLO x\r\nMAIL FROM:<a@example.org>\r\n"
#: Below what one address may hold of the mail listener.
MOST_MAIL = 150


@dataclass(slots=True, kw_only=True)
class Holders:
    """Connections that are held, and how many were wanted."""

    writers: list[asyncio.StreamWriter]
    refused: int = 0

    async def hold(self, address: str, many: int, began: bytes) -> None:
        """Open them and say the first words."""
        host, port = address.rsplit(":", 1)
        for _ in range(many):
            try:
                _, writer = await asyncio.open_connection(host, int(port))
            except OSError:
                self.refused += 1
                continue
            writer.write(began)
            self.writers.append(writer)

    async def drip(self, writers: list[asyncio.StreamWriter], words: bytes) -> None:
        """One byte a second from each, for ever."""
        for at in range(len(words)):
            for writer in writers:
                if not writer.is_closing():
                    writer.write(words[at : at + 1])
            await asyncio.sleep(1)

    def close(self) -> None:
        """Let go."""
        for writer in self.writers:
            writer.transport.abort()


async def run(chamber: Chamber) -> Finding:
    """Idle connections, slow ones by HTTP and SMTP, and citizens between them."""
    idle = min(chamber.pick(short=300, quick=1_000, full=10_000), _room())
    slow = chamber.pick(short=60, quick=200, full=500)
    messages = chamber.pick(short=20, quick=60, full=300)
    gateway = Gateway(chamber.folder)
    with chamber.store() as settings:
        gateway.settings = settings
        async with gateway, _holding(gateway, idle, slow) as (holders, before):
            waits, healthy = await _citizens(gateway, messages, chamber.seed)
            grown = _resident(gateway.pid) - before
            errors = gateway.log.count("Traceback")
    bar = BAR if chamber.size == "full" else NOISY
    held = len(holders.writers)
    allowed = held * EACH + (64 << 20)
    waits.sort()
    p99 = waits[int(len(waits) * 0.99)]
    figure = (
        f"{held:,} connections held ({slow} by HTTP and {min(slow, MOST_MAIL)} by SMTP at 1 byte/s,"
        f" {holders.refused} not let in); {len(waits)} messages acknowledged meanwhile, p99"
        f" {p99 * 1000:.0f} ms; memory grew by {grown >> 20} MB; {errors} tracebacks"
    )
    return Finding(figure=figure, passed=healthy and p99 <= bar and grown <= allowed and not errors)


@asynccontextmanager
async def _holding(gateway: Gateway, idle: int, slow: int) -> AsyncIterator[tuple[Holders, int]]:
    holders = Holders(writers=[])
    before = _resident(gateway.pid)
    await holders.hold(gateway.public, idle, b"")
    first = len(holders.writers)
    await holders.hold(gateway.public, slow, SLOW)
    by_http = holders.writers[first:]
    second = len(holders.writers)
    await holders.hold(gateway.smtp, min(slow, MOST_MAIL), SMTP_SLOW)
    dripping = [
        asyncio.create_task(holders.drip(by_http, b"from=%2B62812&text=" * 100)),
        asyncio.create_task(holders.drip(holders.writers[second:], b"RCPT TO:<lapor@" * 100)),
    ]
    try:
        yield holders, before
    finally:
        for task in dripping:
            task.cancel()
        await asyncio.gather(*dripping, return_exceptions=True)
        holders.close()


async def _citizens(gateway: Gateway, count: int, seed: int) -> tuple[list[float], bool]:
    """How long each acknowledgement took, and whether health answered."""
    crowd, waits = Crowd(seed), []
    load = Load(gateway, crowd)
    for number in range(count):
        message = crowd.mail() if number % 4 == 0 else crowd.sms()
        began = time.monotonic()
        await load.send(message)
        waits.append((time.monotonic() - began) / len(message.wires))
    with contextlib.suppress(aiohttp.ClientError, TimeoutError):
        status, _ = await gateway.get("/health/ready")
        return waits, status == 200 and not load.refusals
    return waits, False


def _room() -> int:
    """How many sockets this process may still open; the limit is raised as far as it goes."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard - 1_500


def _resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


CASES = (
    Case(
        number="S5",
        what="idle and slow clients by the thousand",
        run=run,
        engines=("sqlite",),
    ),
)
