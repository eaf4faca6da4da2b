"""
Webhooks: acknowledged requests per second beside a handler that stores nothing.

Three servers take turns under the same load: the gateway as it runs in production, its pipeline
making records of what just came in; the same door and journal without a pipeline; a bare handler.
"""

import os
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from bench.load import Order, Outcome
from bench.peers import Scale, bare, gateway, load, middle, only, port_of
from bench.table import Figure, at_least

CONNECTIONS = (1, 16, 64, 256)
#: The design speaks of these two.
TARGETED = (64, 256)
WANTED = 0.85
TIMES_P99 = 2.0


async def webhooks(scale: Scale) -> list[Figure]:
    """Rates and latencies at each number of connections."""
    with tempfile.TemporaryDirectory(prefix="lapor-bench-") as folder:
        sync = fsync_seconds(Path(folder))
        with bare("http") as plain, bare("accept", folder) as door:
            async with gateway() as whole:
                await whole.start()
                await plain.until_open()
                await door.until_open()
                servers = {
                    "whole": (port_of(whole.public), whole.pid),
                    "door": (door.port, door.pid),
                    "plain": (plain.port, plain.pid),
                }
                figures = [Figure(name="one fsync, p50", ours=f"{sync * 1000:.2f} ms")]
                for connections in CONNECTIONS:
                    outcomes = await _rounds(servers, connections, scale)
                    figures += _figures(connections, outcomes, sync)
                return figures


async def _rounds(
    servers: dict[str, tuple[int, int]], connections: int, scale: Scale
) -> dict[str, Outcome]:
    outcomes: dict[str, list[Outcome]] = {name: [] for name in servers}
    pids = [pid for _, pid in servers.values()]
    for number in range(scale.rounds):
        for name, (port, pid) in servers.items():
            if name == "door" and connections not in TARGETED:
                continue
            order = Order(
                kind="http",
                port=port,
                prefix=f"c{connections}r{number}",
                connections=connections,
                seconds=scale.seconds,
            )
            with only(pid, pids):
                outcomes[name].append(await load(order))
    return {name: middle(rounds) for name, rounds in outcomes.items() if rounds}


def _figures(connections: int, outcomes: dict[str, Outcome], sync: float) -> list[Figure]:
    whole, plain = outcomes["whole"], outcomes["plain"]
    name = f"webhooks, {connections} connections"
    refused = f", {whole.refused} refused" if whole.refused else ""
    figures = [at_least(f"{name}{refused}", whole.rate, plain.rate, WANTED)]
    if "door" in outcomes:
        alone = at_least(f"{name}, no pipeline behind", outcomes["door"].rate, plain.rate, WANTED)
        figures.append(alone)
    allowed = TIMES_P99 * plain.p99 + sync
    times = Figure(
        name=f"{name}: p50 / p99",
        ours=_times(whole),
        peer=_times(plain),
        ratio=whole.p99 / plain.p99,
        target=f"p99 ≤ {TIMES_P99:g} x bare + fsync",
        met=whole.p99 <= allowed,
    )
    figures.append(times)
    return (
        figures
        if connections in TARGETED
        else [replace(one, target="", met=None) for one in figures]
    )


def _times(outcome: Outcome) -> str:
    return f"{outcome.p50 * 1000:.1f} / {outcome.p99 * 1000:.1f} ms"


def fsync_seconds(folder: Path, times: int = 100) -> float:
    """What one fsync of a small append costs here, the median."""
    taken = []
    with (folder / "sync").open("wb", buffering=0) as file:
        for _ in range(times):
            began = time.perf_counter()
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - began)
    return statistics.median(taken)
