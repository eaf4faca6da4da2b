"""
On PostgreSQL: the journal beside the server's own floor, a backlog and its workers, and matching.

The floor writes the same rows, plain, in groups. The server is a durable one of our own: it syncs
before it says that something is stored, and vacuums.
"""

import asyncio
import time
from itertools import islice

import psycopg
from postgres import Postgres, own_postgres

from bench.fill import delivery
from bench.matching import measured_on_postgres
from bench.messages import sms
from bench.peers import Scale
from bench.table import Figure, at_least
from bench.workers import WORKERS, drained
from gateway.journal import Journal
from gateway.store import Store
from gateway.vault import KEY_BYTES, Vault

WANTED = 0.8
CLIENTS = 256
#: Rows one commit of the floor takes: what CLIENTS at a time come to.
GROUP = 256
DURABLE = ("fsync=on", "full_page_writes=on", "autovacuum=on", "shared_buffers=128MB")
TABLE = """
create table floor (id bigint primary key, channel text not null, external_id text not null,
    received_at bigint not null, payload bytea not null, data_key bytea, digest bytea not null,
    unique (channel, external_id))
"""
INSERT = "insert into floor values (%s, 'sms', %s, 0, %s, %s, %s) on conflict do nothing"


async def on_postgres(scale: Scale) -> list[Figure]:
    """Appends a second by many waiting clients, a backlog worked off, and matching."""
    with own_postgres(*DURABLE) as own:
        server = Postgres(own.address, lambda _: None)
        url = server.database()
        floor = await asyncio.to_thread(_floor, url, scale.seconds)
        ours = await _journal(url, scale.seconds)
        figures = [at_least(f"journal on PostgreSQL, {CLIENTS} waiting", ours, floor, WANTED)]
        for workers in WORKERS:
            url = server.database()
            figures.append(await drained(url, workers, scale))
            server.drop(url)
    return figures + await asyncio.to_thread(measured_on_postgres, scale)


def _floor(url: str, seconds: float) -> float:
    deliveries = map(delivery, sms("floor"))
    count, began = 0, time.perf_counter()
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(TABLE)
        while time.perf_counter() - began < seconds:
            rows = [
                (count + number, one.external_id, one.payload, bytes(72), bytes(32))
                for number, one in enumerate(islice(deliveries, GROUP))
            ]
            cursor.executemany(INSERT, rows)
            connection.commit()
            count += len(rows)
    return count / (time.perf_counter() - began)


async def _journal(url: str, seconds: float) -> float:
    store = await Store.open(url)
    try:
        journal = Journal(store, Vault(bytes(KEY_BYTES)), clock=lambda: 0)
        await journal.open()
        messages = sms("ours")
        began = time.perf_counter()

        async def client() -> int:
            count = 0
            while time.perf_counter() - began < seconds:
                await journal.accept("sms", (delivery(next(messages)),))
                count += 1
            return count

        counts = await asyncio.gather(*(client() for _ in range(CLIENTS)))
        return sum(counts) / (time.perf_counter() - began)
    finally:
        await store.close()
