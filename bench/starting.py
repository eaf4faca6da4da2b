"""From the start of the process until /health/ready says 200, and what memory it then takes."""

import asyncio
import time

from gateway_process import Gateway

from bench.fill import fill
from bench.peers import Scale, gateway, resident_mb
from bench.table import Figure

# The process that thinks starts beside the intake and is at rest after this.
SETTLE_SECONDS = 4.0
EMPTY_SECONDS = 1.5
FULL_SECONDS = 5.0
IDLE_MB = 150.0


async def starting(scale: Scale) -> list[Figure]:
    """Empty, then with a long history."""
    async with gateway() as process:
        figures = await _start(process, "empty", EMPTY_SECONDS)
        await fill(process, scale.rows, settled=True)
        words = f"{scale.rows:,} journal rows"
        return figures + await _start(process, words, FULL_SECONDS)


async def _start(process: Gateway, words: str, allowed: float) -> list[Figure]:
    began = time.perf_counter()
    await process.start()
    seconds = time.perf_counter() - began
    await asyncio.sleep(SETTLE_SECONDS)
    memory = resident_mb(process.pid)
    await process.stop()
    return [
        Figure(
            name=f"ready after start, {words}",
            ours=f"{seconds:.2f} s",
            ratio=seconds / allowed,
            target=f"≤ {allowed:g} s",
            met=seconds <= allowed,
        ),
        Figure(
            name=f"memory, idle, {words}",
            ours=f"{memory:.0f} MB",
            ratio=memory / IDLE_MB,
            target=f"≤ {IDLE_MB:g} MB",
            met=memory <= IDLE_MB,
        ),
    ]
