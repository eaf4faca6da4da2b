"""
The disk fails: single calls refuse, or all of them are slow (R4, R6).

On SQLite the gateway's own calls are hit, on PostgreSQL those of its server. What was answered with
"ok" is stored whatever happened, and when it is over everything goes on by itself.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import aiohttp
from gateway_process import Gateway
from load import Load, Sms, post

from torture import strace
from torture.case import Case, Chamber, Engine, Finding
from torture.ending import Photographers, ending
from torture.own_server import OwnServer, own_server

CALLS: dict[Engine, tuple[str, ...]] = {
    "sqlite": ("fdatasync", "fsync", "pwrite64", "write", "ftruncate", "openat", "rename"),
    # The others are made by a checkpoint only, minutes apart.
    "postgresql": ("fdatasync", "pwrite64", "openat"),
}
ERRORS = ("EIO", "ENOSPC", "EINTR")
NTH = 20
# With a fault in force, so many acknowledgements at most are waited for: rare calls never come.
ENOUGH = 80
PATIENCE = 120.0
SMS_CLIENTS, MAIL_CLIENTS = 8, 3


@dataclass(frozen=True, slots=True)
class Site:
    """A gateway, its server if it has one of its own, and the process whose disk is bad."""

    gateway: Gateway
    server: OwnServer | None

    @property
    def victim(self) -> int:
        """The process id."""
        return self.server.pid if self.server else self.gateway.pid


@asynccontextmanager
async def site_of(chamber: Chamber, disk: Path | None = None) -> AsyncIterator[Site]:
    """A running gateway on a store of its own; `disk`: a small one for the server's data."""
    gateway = Gateway(chamber.folder)
    try:
        if chamber.engine == "sqlite":
            await gateway.start()
            yield Site(gateway, None)
            return
        data, small = (disk or chamber.folder) / "server", disk is not None
        async with own_server(data, small=small) as server:
            gateway.settings = {"store": {"url": server.url}}
            await gateway.start()
            async with server.tended():
                yield Site(gateway, server)
                gateway.kill()
    finally:
        gateway.kill()


# --- R4: single calls that fail -----------------------------------------------------------------


async def failing_calls(chamber: Chamber) -> Finding:
    """Make the Nth call of one kind fail, again and again, under load."""
    chance = random.Random(chamber.seed)  # noqa: S311 (a run that can be repeated)
    nths = range(1, chamber.pick(short=5, quick=8, full=NTH + 1))
    every = list(product(CALLS[chamber.engine], ERRORS, nths))
    # A server that loses its disk restarts, and the gateway with it: that takes longer.
    few = chamber.engine == "postgresql"
    chosen = chance.sample(
        every, chamber.pick(short=1 if few else 4, quick=3 if few else 9, full=len(every) // 3)
    )
    struck = 0
    async with site_of(chamber) as site:
        load = Load(site.gateway, Photographers(chamber.seed))
        async with load.running(sms=SMS_CLIENTS, mail=MAIL_CLIENTS):
            await load.acknowledgements(ENOUGH)
            for call, error, nth in chosen:
                struck += await _one_fault(site, load, f"{call}:error={error}:when={nth}")
        end = await ending(site.gateway, load)
    done = f"{struck} calls failed in {len(chosen)} rounds, {len(load.refusals)} refusals"
    return end.finding(done, passed=struck > 0)


async def _one_fault(site: Site, load: Load, fault: str) -> int:
    """Hold the victim until it was hit or has been at it for long enough; how often it was hit."""
    record = site.gateway.home / "strace"
    # A write of an event loop to its own bell cannot fail; that of a log can. Attachments and all
    # else of the database meet their bad disk when it is full (R7).
    only = site.gateway.log_file if fault.startswith("write:") else None
    async with asyncio.timeout(PATIENCE):
        async with strace.holding(site.victim, fault, record, only=only) as held:
            goal = len(load.acknowledged) + ENOUGH
            while len(load.acknowledged) < goal and not held.struck:  # noqa: ASYNC110 (no event)
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.1)  # whoever has to hear of it hears of it
            struck = held.struck
        # It goes on by itself.
        assert site.gateway.running, f"{fault} ended the gateway:\n{site.gateway.log[-3000:]}"
        await load.acknowledgements(SMS_CLIENTS)
    return struck


# --- R6: a slow disk ----------------------------------------------------------------------------

SLOW_MS = 200
LIMIT_SECONDS = 2.0
# More than the gateway may grow by while it waits for its disk.
MOST_GROWTH = 64 << 20
SLOW_CLIENTS = 64


async def slow_disk(chamber: Chamber) -> Finding:
    """Every sync takes 200 ms longer: "ok" comes late or not at all, and memory is bounded."""
    seconds = chamber.pick(short=3.0, quick=8.0, full=60.0)
    async with site_of(chamber) as site:
        load = Load(site.gateway, Photographers(chamber.seed))
        async with load.running(sms=SMS_CLIENTS, mail=1):
            await load.acknowledgements(ENOUGH)
        before = _resident(site.gateway)
        fault = f"fdatasync,fsync:delay_enter={SLOW_MS * 1000}"
        async with strace.holding(site.victim, fault, site.gateway.home / "strace"):
            answers = await _ask_for(site.gateway, seconds)
        growth = max(0, _resident(site.gateway) - before)
        late = sorted(took for status, took in answers if status == 200)
        after = Load(site.gateway, Photographers(chamber.seed, name="w"))
        async with after.running(sms=2, mail=1):
            await after.acknowledgements(SMS_CLIENTS)
        await site.gateway.stop()
    p99 = late[int(len(late) * 0.99)] if late else float("inf")
    wrong = sorted({status for status, _ in answers} - {200, 503})
    figure = (
        f"{len(late):,} acknowledged, p99 {p99:.2f} s, {len(answers) - len(late)} refused, "
        f"{growth / (1 << 20):.0f} MiB more memory{f'; answers {wrong}' if wrong else ''}"
    )
    # How long is a bar for a quiet machine only.
    in_time = p99 < LIMIT_SECONDS or chamber.size != "full"
    return Finding(
        figure=figure, passed=bool(late) and not wrong and in_time and growth < MOST_GROWTH
    )


async def _ask_for(gateway: Gateway, seconds: float) -> list[tuple[int, float]]:
    """Status and seconds of each answer to many clients who ask all the time."""
    until, answers = time.monotonic() + seconds, list[tuple[int, float]]()

    async def client(number: int) -> None:
        timeout = aiohttp.ClientTimeout(total=PATIENCE)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            turn = 0
            while time.monotonic() < until:
                turn += 1
                name = f"slow{number}-{turn}"
                sms = Sms(id=name, sender=f"+62812000{number:05}", text=f"Lampu padam {name}")
                began = time.monotonic()
                status = await post(session, gateway.url, sms)
                answers.append((status, time.monotonic() - began))

    async with asyncio.TaskGroup() as group:
        for number in range(SLOW_CLIENTS):
            group.create_task(client(number))
    return answers


def _resident(gateway: Gateway) -> int:
    """Bytes of memory the gateway has in use, with all its processes."""
    pages = [
        int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in strace.family(gateway.pid)
    ]
    return sum(pages) * 4096


CASES = (
    Case(
        number="R4",
        what="single calls to the disk fail",
        run=failing_calls,
        lacking=strace.lacking,
    ),
    Case(number="R6", what="a slow disk", run=slow_disk, lacking=strace.lacking),
)
