"""R10: one of three Patroni nodes killed whole, under load on all doors; mostly the leader."""

import asyncio
import time

from torture.case import Case, Chamber, Finding
from torture.doors import CLIENTS
from torture.kills import BURST, Siege, besieged
from torture.patroni_nodes import Cluster, lacking_patroni, patroni_cluster

# The bar: Patroni waits twenty seconds before it takes a leader for dead.
WRITING_SECONDS = 40.0
# What a machine that does something else beside may take.
SLACK_SECONDS = 120.0
# What was committed before the kill may still be on its way to its sender.
ECHO_SECONDS = 1.0


async def _nodes_killed(chamber: Chamber) -> Finding:
    kills = chamber.pick(short=1, quick=1, full=10)
    context = patroni_cluster()
    cluster = await asyncio.to_thread(context.__enter__)
    try:
        async with besieged(chamber, {"store": {"url": cluster.url}}) as siege:
            await siege.gateway.start()
            async with siege.load.running(**CLIENTS):
                gaps = [await _kill_one(cluster, siege, number) for number in range(kills)]
            verdict = await siege.verdict()
    finally:
        await asyncio.to_thread(context.__exit__, None, None, None)
    done = f"{kills} Patroni nodes killed, writing again after {max(gaps):.1f} s at most"
    found = verdict.finding(done, chamber.seed)
    bar = WRITING_SECONDS if chamber.size == "full" else SLACK_SECONDS
    return Finding(figure=found.figure, passed=found.passed and max(gaps) < bar)


async def _kill_one(cluster: Cluster, siege: Siege, number: int) -> float:
    """How long nothing was taken; returns once all three are well again."""
    await siege.load.acknowledgements(siege.chance.randrange(1, BURST))
    node = await asyncio.to_thread(cluster.leader)
    if number and siege.chance.random() < 1 / 3:  # the first time it is the leader for sure
        node = siege.chance.choice(cluster.nodes)
    began = time.monotonic()
    await asyncio.to_thread(node.kill)
    await asyncio.sleep(ECHO_SECONDS)
    await siege.load.acknowledgements(1)
    gap = time.monotonic() - began
    await asyncio.to_thread(node.start)
    await asyncio.to_thread(cluster.until_whole)
    return gap


CASES = (
    Case(
        number="R10",
        what="one of three Patroni nodes killed",
        run=_nodes_killed,
        engines=("postgresql",),
        sizes=frozenset({"quick", "full"}),
        lacking=lacking_patroni,
    ),
)
