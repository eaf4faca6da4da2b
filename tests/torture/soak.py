"""
R18: messages come at an even rate for long, and nothing grows that should not.

What may grow is the disk, by what is stored of each message. Memory is judged once caches are
full; files, threads and tasks are compared at rest, before and after.
"""

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from gateway_process import Gateway
from load import AGAIN_SECONDS, Crowd, Mail, Message, post, submit
from sms_gateway import serving

from torture.case import Case, Chamber, Finding
from torture.vitals import Held, Sample, growth, held, sample, slope, until_settled

# As many as live in a small town: the same sender comes back, as real ones do.
SENDERS = 20_000
# Of so many messages one is a mail; each has a connection of its own.
MAIL_EVERY = 20
CLIENTS = 64
# What is compared with has been read by then, and every cache is full.
WARM_SHARE = 1 / 6
MOST_GROWTH = 0.05
MOST_LOG = 64.0
# At rest is who holds the same so many times in a row, a tenth of a second apart.
LOOKS, MOST_LOOKS = 5, 600
# What may be opened late and is then kept: threads of pools, connections of readers and stores.
LATE = Held(files=6, threads=8, tasks=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long and how fast."""

    seconds: float
    #: Messages a second.
    rate: int
    #: Between two looks.
    every: float
    #: Whether it goes on for long enough to tell memory that is gone from caches that fill.
    judges_memory: bool = False


SHORT = Pace(seconds=4, rate=30, every=0.5)
QUICK = Pace(seconds=30, rate=60, every=1)
FULL = Pace(seconds=3600, rate=200, every=5, judges_memory=True)


@dataclass(slots=True)
class Town:
    """Citizens who send at an even rate, and the provider that takes what they are told."""

    gateway: Gateway
    crowd: Crowd
    wires: int = 0
    messages: int = 0
    told: int = 0
    _busy: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CLIENTS))

    async def take(self, request: web.Request) -> web.Response:
        """Stand for the provider's send API; a soak's forms are not kept."""
        await request.post()
        self.told += 1
        return web.Response(status=202, text="0: Accepted for delivery")

    async def send(self, seconds: float, rate: int) -> None:
        """Send so many a second; slower only where the gateway does not keep up."""
        began = time.monotonic()
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
            for number in range(int(seconds * rate)):
                await asyncio.sleep(max(0, began + number / rate - time.monotonic()))
                await self._busy.acquire()
                is_mail = number % MAIL_EVERY == 0
                message = self.crowd.mail() if is_mail else self.crowd.sms()
                group.create_task(self._deliver(session, message))

    async def _deliver(self, session: aiohttp.ClientSession, message: Message) -> None:
        try:
            for wire in message.wires:
                while not await self._is_taken(session, wire):  # noqa: ASYNC110 (a provider's wait)
                    await asyncio.sleep(AGAIN_SECONDS)
                self.wires += 1
            self.messages += 1
        finally:
            self._busy.release()

    async def _is_taken(self, session: aiohttp.ClientSession, wire: object) -> bool:
        if isinstance(wire, Mail):
            return await submit(self.gateway.smtp, wire) == 250
        return await post(session, self.gateway.url, wire) == 200  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What a soak was like."""

    pace: Pace
    town: Town
    samples: list[Sample]
    #: At rest, once warm and in the end.
    before: Held
    after: Held
    #: What `reconcile` counts in the end.
    accounts: dict[str, Any]
    #: Messages a second that came about.
    rate: float

    @property
    def passed(self) -> bool:
        """Whether all was taken, settled once, and nothing grew that should not."""
        total = self.accounts["total"]
        return (
            self.accounts["balances"]
            and total["received"] == self.town.wires
            and (total["pending"], total["parked"]) == (0, 0)
            and not self.after.more_than(self.before, by=LATE)
            and self._log < MOST_LOG
            and (self._is_flat or not self.pace.judges_memory)
        )

    @property
    def figure(self) -> str:
        """The whole in a line."""
        seconds = [one.second for one in self.samples]
        levels = [
            f"{name} {values[-1]:.0f} MiB, {growth(values):+.1%} ({slope(seconds, values):+.1f} "
            "MiB/h)"
            for name, values in self._memory.items()
        ]
        return "; ".join(
            [
                (
                    f"{self.town.wires:,} messages at {self.rate:.0f}/s, "
                    f"{self.accounts['total']['received']:,} journaled, "
                    f"{self.accounts['total']['pending']} waiting in the end "
                    f"(at most {max(one.waiting for one in self.samples):,})"
                ),
                *levels,
                f"write-ahead log at most {self._log:.1f} MiB",
                f"at rest {self.before} before, {self.after} after",
            ]
        )

    @property
    def _memory(self) -> dict[str, list[float]]:
        return {
            "main process": [one.main for one in self.samples],
            "thinking process": [one.child for one in self.samples],
        }

    @property
    def _log(self) -> float:
        return max(one.log for one in self.samples)

    @property
    def _is_flat(self) -> bool:
        return all(growth(values) < MOST_GROWTH for values in self._memory.values())


async def soak(chamber: Chamber) -> Finding:
    """Warm up, look, send for long, look again."""
    pace = chamber.pick(short=SHORT, quick=QUICK, full=FULL)
    with chamber.store() as settings:
        gateway = Gateway(chamber.folder / "home")
        gateway.home.mkdir()
        town = Town(gateway, Crowd(chamber.seed, senders=SENDERS))
        async with serving([web.post("/send", town.take)]) as provider:
            gateway.settings = {
                **settings,
                "channels": {"sms": {"send_url": f"{provider}/send"}},
                "pipeline": {"replies_per_hour": 1_000_000},
            }
            try:
                async with gateway:
                    course = await _course(town, pace)
            finally:
                gateway.kill()
    return Finding(figure=course.figure, passed=course.passed)


async def _course(town: Town, pace: Pace) -> Course:
    warm, samples = pace.seconds * WARM_SHARE, list[Sample]()
    await town.send(warm, pace.rate)
    before = await _at_rest(town.gateway)
    already = town.messages
    looking = asyncio.create_task(_look(town.gateway, pace.every, samples))
    began = time.monotonic()
    try:
        await town.send(pace.seconds - warm, pace.rate)
        seconds = time.monotonic() - began
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
    return Course(
        pace=pace,
        town=town,
        samples=samples,
        before=before,
        after=await _at_rest(town.gateway),
        accounts=json.loads((await town.gateway.command("reconcile", "--json")).stdout),
        rate=(town.messages - already) / seconds,
    )


async def _look(gateway: Gateway, every: float, samples: list[Sample]) -> None:
    began = time.monotonic()
    while True:
        samples.append(await sample(gateway, time.monotonic() - began))
        await asyncio.sleep(every)


async def _at_rest(gateway: Gateway) -> Held:
    """Wait until nothing waits any more and what was open for the load is closed."""
    await until_settled(gateway)
    seen = [await held(gateway)]
    while len(seen) < LOOKS or len(set(seen[-LOOKS:])) > 1:
        assert len(seen) < MOST_LOOKS, f"no rest: {seen[-LOOKS:]}"
        await asyncio.sleep(0.1)
        seen.append(await held(gateway))
    return seen[-1]


CASES = (Case(number="R18", what="messages at an even rate for long", run=soak),)
