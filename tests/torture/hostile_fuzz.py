"""R17: payloads nobody sends by accident, for everything that reads bytes of strangers."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from torture.case import Case, Chamber, Finding
from torture.hostile_parsers import parsers
from torture.hostile_worker import MOST_SECONDS, Fire, fire

# What Python keeps of what it freed, and a table that is read when it is first asked for.
MOST_GROWN = 64 << 20
PROCESSES = 2


async def run(chamber: Chamber) -> Finding:
    """Each parser in turn; a process that is killed by what it reads is a finding, too."""
    count = chamber.pick(short=500, quick=1_000, full=100_000)
    fires = await asyncio.to_thread(_all, count, chamber.seed)
    broken = [f"{one.parser}: {what}" for one in fires for what in one.broken]
    slow = [one for one in fires if one.slowest > MOST_SECONDS]
    grown = [one for one in fires if one.grown > MOST_GROWN]
    slowest = max(fires, key=lambda one: one.slowest)
    figure = (
        f"{len(broken)} exceptions of {sum(one.payloads for one in fires):,} payloads for"
        f" {len(fires)} parsers; slowest {slowest.slowest * 1000:.0f} ms of processor time"
        f" ({slowest.parser}); memory grew by {max(one.grown for one in fires) >> 20} MB at most"
    )
    for what in broken:
        print(what)  # noqa: T201 (the payload is what one repeats it with)
    return Finding(figure=figure, passed=not (broken or slow or grown))


def _all(count: int, seed: int) -> Sequence[Fire]:
    names = list(parsers())
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        return list(pool.map(partial(_shoot, count, seed), names))


def _shoot(count: int, seed: int, name: str) -> Fire:
    return fire(name, count, seed)


CASES = (
    Case(
        number="R17",
        what="payloads nobody sends by accident, for every parser",
        run=run,
        engines=("sqlite",),
    ),
)
