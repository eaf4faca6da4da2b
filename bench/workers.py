"""
One, two and four workers over one PostgreSQL, each beside nothing but the server and a backlog.

The backlog is put into the journal through its own door before any worker runs. Records go into
tables of the same server, so its size holds a message twice: in the gateway's own rows and in the
central store's. Counted is what was pushed; starting a worker is in its processor time, so that
short runs show more of it.
"""

import asyncio
import base64
import os
import tempfile
import time
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import psycopg
from gateway_process import Gateway
from processes import children

from bench.fill import PAGE, delivery
from bench.messages import sms
from bench.peers import ROOT, Scale
from bench.table import Figure
from gateway.journal import Journal
from gateway.store import Store
from gateway.vault import KEY_BYTES, Vault

WORKERS = (1, 2, 4)
LOOK_EVERY = 0.1
#: How long workers may take to get going.
PATIENCE = 120.0
KEY = bytes(KEY_BYTES)
#: The rate is taken from here to there, so that neither starting nor the last rows count.
FROM, TO = 0.1, 0.9
DELIVERED = "select count(*) from outbox where state = 'delivered' and target = 'central:central'"
SIZE = "select pg_database_size(current_database())"


async def fill(url: str, rows: int) -> None:
    """Put so many messages into the journal."""
    store = await Store.open(url)
    try:
        journal = Journal(store, Vault(KEY), clock=lambda: int(time.time() * 1_000))
        await journal.open()
        messages = sms("backlog")
        for start in range(0, rows, PAGE):
            page = islice(messages, min(PAGE, rows - start))
            await journal.accept("sms", [delivery(one) for one in page])
    finally:
        await store.close()


async def drained(url: str, workers: int, scale: Scale) -> Figure:
    """How many records a second so many workers make and deliver of a backlog."""
    empty = _one(url, SIZE)
    await fill(url, scale.backlog)
    with tempfile.TemporaryDirectory(prefix="lapor-bench-") as home, ExitStack() as stack:
        running = [_worker(Path(home) / str(number), url) for number in range(workers)]
        for process in running:
            stack.callback(process.kill)
            await process.start(wait=False)
        rate, done = await _watched(url, scale)
        spent = sum(_spent_ms(process.pid) for process in running) / max(done, 1)
    size = (_one(url, SIZE) - empty) / scale.backlog / 1_000
    return Figure(
        name=f"backlog of {scale.backlog:,} on PostgreSQL, {workers} workers: "
        f"{spent:.1f} ms of processor time and {size:.1f} kB a message",
        ours=f"{rate:,.0f}/s",
    )


async def _watched(url: str, scale: Scale) -> tuple[float, int]:
    """The rate between a tenth and nine tenths, or until time is up; and how many came."""
    first, last = (time.monotonic(), 0), (time.monotonic(), 0)
    deadline, begun = first[0] + PATIENCE, False
    while last[1] < scale.backlog * TO and last[0] < deadline:
        await asyncio.sleep(LOOK_EVERY)
        last = (time.monotonic(), await asyncio.to_thread(_one, url, DELIVERED))
        if not begun:
            first, begun = last, last[1] >= scale.backlog * FROM
            deadline = last[0] + scale.drain_seconds if begun else deadline
    return (last[1] - first[1]) / max(last[0] - first[0], LOOK_EVERY), last[1]


def _worker(home: Path, url: str) -> Gateway:
    home.mkdir()
    central = {"kind": "postgres", "url": url}
    process = Gateway(home, {"store": {"url": url}, "central": {"central": central}})
    process.role = "worker"
    process.env = {"LAPOR_GATEWAY_KEY": base64.b64encode(KEY).decode(), "PYTHONPATH": str(ROOT)}
    return process


def _spent_ms(pid: int) -> float:
    """The processor time of a worker and the process that thinks for it."""
    ticks = 0
    for process in (pid, *children(pid)):
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks * 1_000 / os.sysconf("SC_CLK_TCK")


def _one(url: str, sql: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(sql.encode()).fetchone()
        return int(row[0]) if row else 0
