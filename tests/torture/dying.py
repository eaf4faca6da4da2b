"""
R13: one of two workers killed, again and again under load: what it led and held goes to the other.

The one that leads is hit every other time, and started again when the other has all it had; one
that does not lead is started again at once, as a service manager would.
"""

import asyncio
import time

from torture.case import Case, Chamber, Finding
from torture.cluster import SLACK_SECONDS, Town, talking, town, who_leads

WORKERS = {"east": "west", "west": "east"}
EVERY_SECONDS = 10.0
# The bar: the lease, and five seconds. Burying takes longer where nobody's own beats were in time.
BACK_SECONDS = 15.0


async def _workers_killed(chamber: Chamber) -> Finding:
    kills = chamber.pick(short=1, quick=2, full=50)
    every = chamber.pick(short=0.0, quick=0.0, full=EVERY_SECONDS)
    async with town(chamber) as here:
        async with talking(here):
            waits = [await _kill_one(here, number, every) for number in range(kills)]
        await here.drained()
        led, back = (max(each) for each in zip(*waits, strict=True))
        done = (
            f"{kills} kills of one of two workers, led again in {led:.0f} s, buried in {back:.0f} s"
        )
        found = await here.finding(done)
    bar = BACK_SECONDS if chamber.size == "full" else SLACK_SECONDS
    return Finding(figure=found.figure, passed=found.passed and led < bar)


async def _kill_one(here: Town, number: int, every: float) -> tuple[float, float]:
    """The seconds until the other led, and until nothing was the dead one's; 0 if it led not."""
    await here.loads[number % 2].acknowledgements(20)
    leader, _ = await who_leads(here, than="")
    victim = leader if number % 2 == 0 else WORKERS[leader]
    began = time.monotonic()
    here.member(victim).kill()
    waited = await _taken_over(here, victim) if victim == leader else (0.0, 0.0)
    await here.member(victim).start()
    await asyncio.sleep(every - (time.monotonic() - began))
    return waited


async def _taken_over(here: Town, dead: str) -> tuple[float, float]:
    """Wait until the other leads, and what the dead one held has been given back."""
    began = time.monotonic()
    await who_leads(here, than=dead)
    led = time.monotonic() - began
    while left := here.leases(dead):
        assert time.monotonic() < began + SLACK_SECONDS, f"still the dead one's: {left}"
        await asyncio.sleep(0.1)
    return led, time.monotonic() - began


CASES = (
    Case(
        number="R13",
        what="kill -9 of one of two workers after the other",
        run=_workers_killed,
        engines=("postgresql",),
        # Short, it would be what R12 shows with a machine that is frozen.
        sizes=frozenset({"quick", "full"}),
    ),
)
