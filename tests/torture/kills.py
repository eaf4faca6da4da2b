"""
R1, R2 and R5: `kill -9` of the gateway, of what it started, of its database; all doors under load.

Clients repeat what was not acknowledged, until it is; then everything is counted.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from gateway_process import Gateway
from ledger import until_drained
from load import Load
from postgres import Server, own_postgres
from processes import thinker

from torture import strace
from torture.answers import ENV, Answers, all_answers
from torture.case import Case, Chamber, Finding
from torture.doors import CLIENTS, EveryDoor
from torture.verdict import Verdict, judge

# A start takes about this long; a fifth of the kills hit it.
START_SECONDS = 1.0
# So many acknowledgements at most between two kills, so that all that comes is recorded in time.
BURST = 120
# Whom it hits: everything at once, the gateway alone (what it started must end with it), or the
# process that thinks (the gateway must go on).
VICTIMS = ("group", "gateway", "thinker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Siege:
    """A gateway with every door open, the load on them, and where its answers go."""

    gateway: Gateway
    answers: Answers
    crowd: EveryDoor
    load: Load
    chance: random.Random

    async def verdict(self) -> Verdict:
        """Let everything come to its end, and count."""
        await until_drained(self.gateway)
        await self.gateway.stop()
        return await judge(self.gateway, self.load, self.answers.heard())


@asynccontextmanager
async def besieged(chamber: Chamber, store: dict[str, Any] | None = None) -> AsyncIterator[Siege]:
    """The gateway, not started yet; whatever still runs at the end is killed."""
    async with all_answers() as answers:
        with chamber.store() if store is None else nullcontext(store) as settings:
            gateway = Gateway(chamber.folder, answers.settings() | settings)
            gateway.env = dict(ENV)
            crowd = EveryDoor(chamber.seed, answers)
            try:
                yield Siege(
                    gateway=gateway,
                    answers=answers,
                    crowd=crowd,
                    load=Load(gateway, crowd),
                    chance=random.Random(chamber.seed),  # noqa: S311 (can be repeated)
                )
            finally:
                gateway.kill()


async def _gateway_killed(chamber: Chamber) -> Finding:
    kills = chamber.pick(short=3, quick=8, full=500)
    async with besieged(chamber) as siege:
        async with siege.load.running(**CLIENTS):
            for _ in range(kills):
                await _kill_at_a_random_moment(siege)
            await _up(siege.gateway)
        verdict = await siege.verdict()
    return verdict.finding(f"{kills} kills of the gateway", chamber.seed)


async def _kill_at_a_random_moment(siege: Siege) -> None:
    gateway, chance = siege.gateway, siege.chance
    if not gateway.running and chance.random() < 1 / 5:
        await gateway.start(wait=False)
        await asyncio.sleep(chance.uniform(0, START_SECONDS))  # anywhere within the start
    else:
        await _up(gateway)
        await siege.load.acknowledgements(chance.randrange(BURST))
        await asyncio.sleep(chance.uniform(0, 0.02))  # anywhere within a commit
    _kill(gateway, chance.choice(VICTIMS))


async def _up(gateway: Gateway) -> None:
    if not gateway.running:
        await gateway.start()


def _kill(gateway: Gateway, victim: str) -> None:
    if victim == "group":
        gateway.kill()
        return
    try:
        pid = thinker(gateway.pid) if victim == "thinker" else gateway.pid
    except IndexError:  # it has not started one yet
        pid = gateway.pid
    os.kill(pid, signal.SIGKILL)
    if pid == gateway.pid and gateway.process:
        gateway.process.wait()


async def _database_killed(chamber: Chamber) -> Finding:
    kills = chamber.pick(short=2, quick=4, full=50)
    # Writing for real: what a killed server finds when it starts again is what it had synced.
    with own_postgres("fsync=on", "full_page_writes=on") as server:
        async with besieged(chamber, {"store": {"url": server.address}}) as siege:
            await siege.gateway.start()
            async with siege.load.running(**CLIENTS):
                for number in range(kills):
                    await siege.load.acknowledgements(siege.chance.randrange(1, BURST))
                    await asyncio.to_thread(_end, server, siege, number)
                    await _up(siege.gateway)
                # More than are in hand: the store takes messages again.
                await siege.load.acknowledgements(2 * sum(CLIENTS.values()))
            verdict = await siege.verdict()
    return verdict.finding(f"{kills} kills of PostgreSQL", chamber.seed)


def _end(server: Server, siege: Siege, number: int) -> None:
    """Of four kills one is of a single backend, and one takes the gateway along."""
    if number % 4 == 1 and server.kill_backend():
        return
    server.kill()
    if number % 4 == 2:
        siege.gateway.kill()
    time.sleep(siege.chance.uniform(0, 0.5))
    server.start()


async def _killed_while_syncing(chamber: Chamber) -> Finding:
    syncs = chamber.pick(short=(2, 30), quick=(1, 10, 60), full=tuple(range(1, 201)))
    holding = ["strace", "-D", "-f", "-qq", "-o", "/dev/null"]
    async with besieged(chamber) as siege:
        async with siege.load.running(**CLIENTS):
            for nth in syncs:
                inject = f"inject=fdatasync:signal=KILL:when={nth}"
                siege.gateway.prefix = [*holding, "-e", "trace=fdatasync", "-e", inject]
                await siege.gateway.start(wait=False)
                await siege.gateway.ended()
            siege.gateway.prefix = []
            await siege.gateway.start()
        verdict = await siege.verdict()
    done = f"killed at {len(syncs)} different fdatasyncs, up to no. {max(syncs)}"
    return verdict.finding(done, chamber.seed)


CASES = (
    Case(
        number="R1",
        what="kill -9 of gateway, thinking process, or both",
        run=_gateway_killed,
    ),
    Case(
        number="R2",
        what="kill -9 of the database server",
        run=_database_killed,
        engines=("postgresql",),
    ),
    Case(
        number="R5",
        what="kill at the Nth fdatasync, while it is in the kernel",
        run=_killed_while_syncing,
        # With PostgreSQL it is the server that syncs, see R2.
        engines=("sqlite",),
        lacking=strace.lacking,
    ),
)
