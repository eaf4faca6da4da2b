"""
R10 and R11: PostgreSQL on three nodes; the primary is lost, or both standbys, or nothing but one.

An "ok" means two copies. What Patroni does by itself is done here by hand; `kills` has Patroni.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import aiohttp
from gateway_process import Gateway
from ledger import central, until_drained
from load import Crowd, Load, Sms, Wire, post

from torture.case import Case, Chamber, Finding
from torture.three_nodes import ThreeNodes, three_nodes
from torture.weighing import finding, proven, weigh

# The bar for a promotion by hand is 3 s, of which the operator's part is none here.
GAP_SECONDS = 3.0
# What nobody may wait longer for than: the gateway's own patience is 5 s, the rest is a crowd.
ANSWER_SECONDS = 15.0
CANCEL = """
select count(pg_cancel_backend(pid)) from pg_stat_activity
where application_name = 'lapor-gateway' and wait_event = 'SyncRep'
"""


class Timed(Load):
    """Clients who remember when they asked and when they heard."""

    def __init__(self, gateway: Gateway, crowd: Crowd) -> None:
        super().__init__(gateway, crowd)
        #: Begin, end, and whether it was an "ok".
        self.tries: list[tuple[float, float, bool]] = []

    async def _try(self, session: aiohttp.ClientSession, wire: Wire) -> bool:
        began = time.monotonic()
        is_ok = await super()._try(session, wire)
        self.tries.append((began, time.monotonic(), is_ok))
        return is_ok

    @property
    def longest(self) -> float:
        """The longest time somebody waited for any answer."""
        return max(end - began for began, end, _ in self.tries)

    def gap(self, at: float) -> float:
        """Seconds from the last "ok" before a moment to the first of somebody who asked later."""
        before = max(end for began, end, is_ok in self.tries if is_ok and began < at)
        return min(end for began, end, is_ok in self.tries if is_ok and began > at) - before


async def primary_lost(chamber: Chamber) -> Finding:
    """The primary is killed under load, and a standby made the primary."""
    async with _running(chamber) as (nodes, gateway, load):
        async with load.running(sms=6, mail=2):
            await load.acknowledgements(chamber.pick(short=30, quick=100, full=2000))
            killed = time.monotonic()
            nodes.primary.kill()
            await load.refusal(503)
            promoted = time.monotonic()
            await asyncio.to_thread(nodes.promote)
            await load.acknowledgements(chamber.pick(short=30, quick=100, full=2000))
        await until_drained(gateway)
        await gateway.stop()
        await proven(gateway, load)
        gap, down = load.gap(killed), promoted - killed
        return finding(
            weigh(load, _held(gateway)),
            f"no writes for {gap:.1f} s, {gap - down:.1f} s of them after the promotion was typed",
            f"{len(load.refusals)} refused meanwhile, after {load.longest:.1f} s at the most",
            also=set(load.refusals) <= {503, 451}
            and load.longest < ANSWER_SECONDS
            and (chamber.size != "full" or gap - down < GAP_SECONDS),
        )


async def standbys_lost(chamber: Chamber) -> Finding:
    """
    Both standbys are killed: nobody hears "ok", also when the wait for them is cancelled.

    A cancelled wait leaves the message on the primary. Sent again it is known there, and that is
    no reason for an "ok" either.
    """
    rounds = chamber.pick(short=1, quick=2, full=20)
    crowd, asked = Crowd(chamber.seed, "alone"), []
    async with _running(chamber) as (nodes, gateway, load), aiohttp.ClientSession() as session:
        async with load.running(sms=6, mail=2):
            await load.acknowledgements(chamber.pick(short=20, quick=50, full=1000))
        for _ in range(rounds):
            for standby in nodes.standbys:
                standby.kill()
            message = crowd.sms()
            (sms, *_) = message.wires
            assert isinstance(sms, Sms)
            for is_cancelled in (True, True, False):
                posted = asyncio.ensure_future(post(session, gateway.url, sms))
                while is_cancelled and not posted.done():
                    await asyncio.to_thread(nodes.primary.one, CANCEL)
                asked.append(await posted)
            await asyncio.gather(*(asyncio.to_thread(one.start) for one in nodes.standbys))
            await load.send(message)
        await until_drained(gateway)
        await gateway.stop()
        await proven(gateway, load)
    oks = asked.count(200)
    return finding(
        weigh(load, _held(gateway)),
        f"{oks} of {len(asked)} acknowledged on one node only, {rounds * 2} after a cancelled wait",
        also=not oks and len(asked) == rounds * 3,
    )


async def only_a_standby(chamber: Chamber) -> Finding:
    """Where a standby is all there is, or two copies are wanted and one is made, nothing starts."""
    with three_nodes() as nodes, _gateway(chamber, nodes) as gateway:
        nodes.primary.set("synchronous_standby_names", "")
        said = {"one copy": await _refused(gateway)}
        gateway.settings["store"] = {"url": nodes.standbys[0].url}
        said["read-only"] = await _refused(gateway)
    wanted = {"one copy": "synchronous_standby_names", "read-only": "read-only"}
    return Finding(
        figure=f"refused with {len(said)} sentences: {'; '.join(said.values())}",
        passed=all(word in said[name] for name, word in wanted.items()),
    )


async def _refused(gateway: Gateway) -> str:
    """The one sentence a start ends with."""
    before = len(gateway.log)
    await gateway.start(wait=False)
    code = await gateway.ended()
    said = gateway.log[before:].strip()
    assert code != 0
    assert "Traceback" not in said
    return said.splitlines()[-1]


@contextmanager
def _gateway(chamber: Chamber, nodes: ThreeNodes) -> Iterator[Gateway]:
    store = {"url": nodes.url, "copies": 2}
    gateway = Gateway(chamber.folder / "gateway-home", {"store": store})
    gateway.home.mkdir()
    try:
        yield gateway
    finally:
        gateway.kill()


@asynccontextmanager
async def _running(chamber: Chamber) -> AsyncIterator[tuple[ThreeNodes, Gateway, Timed]]:
    with three_nodes() as nodes, _gateway(chamber, nodes) as gateway:
        await gateway.start()
        yield nodes, gateway, Timed(gateway, Crowd(chamber.seed))


def _held(gateway: Gateway) -> Counter[str]:
    return Counter(text.strip() for (text,) in central(gateway, "select text from records"))


CASES = (
    Case(
        number="R10",
        what="the primary of three nodes killed, a standby promoted",
        run=primary_lost,
        engines=("postgresql",),
    ),
    Case(
        number="R11",
        what="both synchronous standbys killed, waits cancelled",
        run=standbys_lost,
        engines=("postgresql",),
    ),
    Case(
        number="R11",
        what="no standby, or nothing but one",
        run=only_a_standby,
        engines=("postgresql",),
    ),
)
