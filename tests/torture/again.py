"""
R15: the same message again, on every door: one row, one record, one receipt.

Two and a hundred times at once, when it was settled long ago, after a restart, and the day after;
and through another machine of the same office, at the same moment and later.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from cluster_process import KEY
from gateway_process import Gateway
from ledger import rows, until_drained
from load import Load, Message

from torture.case import Case, Chamber, Finding
from torture.doors import CLIENTS
from torture.kills import Siege, besieged
from torture.moved_clock import MovedClock, lacking_faketime

CROWD = 100
LATER_SECONDS = 25 * 3600
# A form that was opened half a day ago has to be opened again, and says so.
FORGETFUL = {"web"}


async def _said_again(chamber: Chamber) -> Finding:
    each = chamber.pick(short=1, quick=1, full=9)
    async with besieged(chamber) as siege:
        messages = [siege.crowd.say(door) for door in CLIENTS for _ in range(each)]
        crowded = siege.chance.sample(messages, chamber.pick(short=1, quick=3, full=len(messages)))
        lasting = [one for one in messages if one.channel not in FORGETFUL]
        clock = MovedClock(chamber.folder / "clock")
        siege.gateway.env |= clock.env
        await siege.gateway.start()
        sent = await _say(siege, messages, 2)
        sent += await _say(siege, crowded, CROWD)
        await until_drained(siege.gateway)
        sent += await _say(siege, messages, 2)
        await _restart(siege.gateway)
        sent += await _say(siege, messages, 2)
        clock.forward(LATER_SECONDS)
        sent += await _say(siege, lasting, 2)
        verdict = await siege.verdict()
    done = f"{len(messages)} messages of {len(CLIENTS)} doors sent {sent:,} times"
    return verdict.finding(done, chamber.seed)


async def _say(siege: Siege, messages: Sequence[Message], times: int) -> int:
    """Send each so often at once, until all of them are acknowledged; how many that were."""
    for message in messages:
        await asyncio.gather(*(siege.load.send(message) for _ in range(times)))
    return len(messages) * times


async def _said_elsewhere(chamber: Chamber) -> Finding:
    each = chamber.pick(short=2, quick=4, full=40)
    async with besieged(chamber) as siege, _another(siege) as other:
        loads = (siege.load, other)
        messages = [siege.crowd.say(door) for door in CLIENTS for _ in range(each)]
        crowded = siege.chance.sample(messages, chamber.pick(short=2, quick=4, full=len(messages)))
        for number, message in enumerate(messages):
            if number % 3:
                await asyncio.gather(*(load.send(message) for load in loads))
            else:
                for load in loads[:: 1 if number % 2 else -1]:  # each is the first of the two
                    await load.send(message)
        for message in crowded:
            await asyncio.gather(*(load.send(message) for load in loads * (CROWD // len(loads))))
        took = rows(siege.gateway, "select chain, count(*) from journal group by chain")
        await until_drained(siege.gateway)
        for message in messages:
            await siege.chance.choice(loads).send(message)
        verdict = await siege.verdict()
    # Where all came in through one of them, nothing was shown.
    both = len(took) == len(loads)
    sent = Counter(dict(took))
    done = f"{len(messages)} messages of {len(CLIENTS)} doors through two machines at once"
    found = verdict.finding(f"{done}, first by {sorted(sent.values())} of them", chamber.seed)
    return Finding(figure=found.figure, passed=found.passed and both)


@asynccontextmanager
async def _another(siege: Siege) -> AsyncIterator[Load]:
    """A second machine that only takes in, beside the first, which is started as well."""
    gateway = siege.gateway
    gateway.env |= {"LAPOR_GATEWAY_KEY": KEY}
    other = Gateway(gateway.home / "other", gateway.settings)
    other.home.mkdir()
    other.env, other.role = gateway.env, "intake"
    try:
        await gateway.start()
        await other.start()
        yield Load(other, siege.crowd)
    finally:
        other.kill()


async def _restart(gateway: Gateway) -> None:
    await gateway.stop()
    await gateway.start()


CASES = (
    Case(
        number="R15",
        what="the same message again: at once, later, after a restart, the day after",
        run=_said_again,
        lacking=lacking_faketime,
    ),
    Case(
        number="R15",
        what="the same message again through another machine, at the same moment too",
        run=_said_elsewhere,
        engines=("postgresql",),
    ),
)
