"""
From the acknowledged message to the record in the embedded central store.

Three questions: how long one message takes at a steady rate, how many a second get through when a
burst comes, and what intake is left while a backlog is worked off. A record is seen when a reader
of data/central.db finds its row, looked for every few milliseconds.
"""

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from gateway_process import Gateway

from bench.fill import fill
from bench.load import Order, Outcome
from bench.peers import Scale, gateway, load, port_of
from bench.table import Figure

RATES = (50, 200)
LOOK_EVERY = 0.005
#: How long the central store may be silent before a measurement is given up.
PATIENCE = 60.0
LATEST = 1.0
SUSTAINED = 1_000
HALF = 0.5
#: So many processes read and compose: the default, and what two cores can hold.
THINKING = (1, 2)


async def records(scale: Scale) -> list[Figure]:
    """Latency, throughput, drain."""
    async with gateway() as process:
        await process.start()
        figures = [await _latency(process, rate, scale.pace_seconds) for rate in RATES]
    for processes in THINKING:
        async with gateway() as process:
            process.settings = _thinking(processes)
            await process.start()
            figures.append(await _burst(process, scale.burst))
    return [*figures, *await _drain(scale), await _drain_by_two(scale)]


async def _latency(process: Gateway, rate: int, seconds: float) -> Figure:
    order = Order(
        kind="http",
        port=port_of(process.public),
        prefix=f"paced{rate}",
        rate=rate,
        count=int(rate * seconds),
    )
    central = Central(process.central_db)
    watching = asyncio.create_task(central.seen(order.count))
    outcome = await load(order)
    seen = await watching
    waits = sorted(seen[name] - left for name, left in outcome.left.items() if name in seen)
    lost = order.count - len(waits)
    p50, p99 = (waits[len(waits) * share // 100] for share in (50, 99))
    return Figure(
        name=f"message to record at {rate}/s: p50 / p99" + (f", {lost} late" if lost else ""),
        ours=f"{p50 * 1000:.0f} / {p99 * 1000:.0f} ms",
        ratio=p99 / LATEST,
        target=f"p99 ≤ {LATEST:g} s",
        met=p99 <= LATEST and not lost,
    )


async def _burst(process: Gateway, count: int) -> Figure:
    order = Order(kind="http", port=port_of(process.public), prefix="burst", count=count)
    central = Central(process.central_db)
    watching = asyncio.create_task(central.until(count))
    outcome = await load(order)
    ended = await watching
    rate = await central.count() / (ended - outcome.began)
    return Figure(
        name=f"{count:,} messages at once, end to end" + _manner(process),
        ours=f"{rate:,.0f}/s",
        ratio=rate / SUSTAINED,
        target=f"≥ {SUSTAINED:,}/s",
        met=rate >= SUSTAINED,
    )


async def _drain(scale: Scale) -> list[Figure]:
    """Intake while a backlog is worked off, then how fast the rest goes."""
    async with gateway() as process:
        rested = await _intake_without_backlog(process, scale)
    async with gateway() as process:
        await fill(process, scale.backlog, settled=False)
        await process.start()
        busy = await _intake(process, "busy", scale.seconds * 2)
        drained = await _drained(process, scale, scale.backlog + busy.acknowledged)
    ratio = busy.rate / rested.rate if rested.rate else 0.0
    return [
        Figure(
            name=f"intake while {scale.backlog:,} wait, beside none waiting at first",
            ours=f"{busy.rate:,.0f}/s",
            peer=f"{rested.rate:,.0f}/s",
            ratio=ratio,
            target=f"≥ {HALF:g}",
            met=ratio >= HALF,
        ),
        drained,
    ]


async def _drain_by_two(scale: Scale) -> Figure:
    async with gateway() as process:
        process.settings = _thinking(2)
        await fill(process, scale.backlog, settled=False)
        await process.start()
        return await _drained(process, scale, scale.backlog)


async def _drained(process: Gateway, scale: Scale, total: int) -> Figure:
    central = Central(process.central_db)
    already, now = await central.count(), time.time()
    ended = await central.until(total, at_most=scale.drain_seconds)
    rate = (await central.count() - already) / (ended - now)
    return Figure(
        name="records a second while the backlog drains" + _manner(process),
        ours=f"{rate:,.0f}/s",
        ratio=rate / SUSTAINED,
        target=f"≥ {SUSTAINED:,}/s",
        met=rate >= SUSTAINED,
    )


def _thinking(processes: int) -> dict[str, dict[str, int]]:
    return {"pipeline": {"processes": processes}}


def _manner(process: Gateway) -> str:
    processes = process.settings.get("pipeline", {}).get("processes", 1)
    return f", {processes} processes think" if processes > 1 else ""


async def _intake_without_backlog(process: Gateway, scale: Scale) -> Outcome:
    await process.start()
    return await _intake(process, "rested", scale.seconds * 2)


async def _intake(process: Gateway, prefix: str, seconds: float) -> Outcome:
    port = port_of(process.public)
    return await load(Order(kind="http", port=port, prefix=prefix, connections=64, seconds=seconds))


class Central:
    """A reader of the embedded central store, which appears with its first record."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def count(self) -> int:
        """How many records there are."""
        return len(await self._after(0)) if self._path.exists() else 0

    async def seen(self, count: int) -> dict[str, float]:
        """When each record was first seen, by external id, until there are so many more."""
        found: dict[str, float] = {}
        last = (await self._after(0) or [(0, "")])[-1][0]
        patience = time.monotonic() + PATIENCE
        while len(found) < count and time.monotonic() < patience:
            await asyncio.sleep(LOOK_EVERY)
            rows = await self._after(last)
            now = time.time()
            for row, name in rows:
                found[name], last = now, row
                patience = time.monotonic() + PATIENCE
        return found

    async def until(self, count: int, at_most: float = PATIENCE) -> float:
        """The wall clock when the last of so many records was seen, or of those there are."""
        last, began = 0, time.time()
        changed = began
        while last < count and time.time() - began < at_most:
            await asyncio.sleep(0.05)
            rows = await self._after(last)
            if rows:
                last, changed = rows[-1][0], time.time()
        return changed

    async def _after(self, row: int) -> list[tuple[int, str]]:
        return await asyncio.to_thread(self._read, row)

    def _read(self, row: int) -> list[tuple[int, str]]:
        try:
            with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as connection:
                return connection.execute(
                    "select rowid, external_id from records where rowid > ? order by rowid", (row,)
                ).fetchall()
        except sqlite3.OperationalError:
            return []  # not there yet
