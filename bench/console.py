"""
The console at 100,000 records: how long the server takes for each page.

An invented town's reports over a year stand in the database; the gateway runs in this
process and its pages are fetched over a real socket, so a time holds the client's share too. The
first fetch of a page, which reads what is then kept, does not count.
"""

import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median

import psycopg
from console_site import ADMIN, Desk, Site, console_site
from postgres import running_postgres
from town import Town

from bench.peers import QUICK, Scale
from bench.table import Figure
from forwarder import outbox
from forwarder.outbox import CENTRAL, Entry
from forwarder.ports import Transaction
from gateway.build_craft import build_clock
from gateway.clock import now_ms
from gateway.vault import Vault

WANTED_MS = 100
RECORDS, QUICK_RECORDS = 100_000, 3_000
SLICE = 5_000
DAYS = 365
#: Reports nobody has typed into the store without an API yet.
WAITING = 5_000
LIST = '[central.sp4n]\nkind = "handoff"\n'
NEWEST = "select record_id, document, data_key from records order by number desc limit :limit"
ROUNDS = 9
PAGES = {
    "Masuk": "/inbox",
    "Masuk, one topic": "/inbox?stand=all&topic=sampah",
    "Masuk, a word": "/inbox?stand=all&words=laporan",
    "Masuk, words": "/inbox?stand=all&words=jalan+rusak",
    "Laporan": "/report/{code}",
    "Pantau": "/watch",
    "Serah": "/handoff",
    "Tenggat": "/deadlines",
    "Ikhtisar, a year": "/insights?period=year",
    "Kanal": "/channels",
    "jejak": "/trail",
}


async def console(scale: Scale) -> list[Figure]:
    """The median time of each page against the target."""
    return await _pages("console", scale)


async def console_on_postgres(scale: Scale) -> list[Figure]:
    """The same on PostgreSQL, whose planner has looked at the tables, as it does every minute."""
    with running_postgres(lambda _: None) as server:
        url = server.database()
        try:
            return await _pages("console on PostgreSQL", scale, url)
        finally:
            server.drop(url)


async def _pages(where: str, scale: Scale, store: str = "") -> list[Figure]:
    records = QUICK_RECORDS if scale.rows <= QUICK.rows else RECORDS
    with tempfile.TemporaryDirectory() as home:
        async with console_site(Path(home), LIST, store=store) as site:
            code = await site.sms("+6280000000001", "Lampu jalan mati di Cikupa sejak Senin")
            await _fill(site, records)
            if store:
                with psycopg.connect(store, autocommit=True) as connection:
                    connection.execute("vacuum analyze")
            async with site.desk(ADMIN) as desk:
                return [
                    await _page(desk, f"{where}, {name}", path.format(code=code))
                    for name, path in PAGES.items()
                ]


async def _fill(site: Site, records: int) -> None:
    parts = site.parts
    town = Town(database=parts.store, vault=parts.vault, now=now_ms())
    for first in range(1, records + 1, SLICE):
        await town.fill(min(SLICE, records + 1 - first), DAYS, first)
    await town.watch(build_clock(parts.settings))
    await parts.store.write(partial(_wait, parts.vault))


def _wait(vault: Vault, tx: Transaction) -> None:
    now = now_ms()
    entries = [
        Entry(
            record_id=row[0],
            kind="record",
            revision=1,
            target=f"{CENTRAL}sp4n",
            lane=row[0],
            body=b"",
            due=now,
            sealed=(bytes(row[1]), bytes(row[2])),
        )
        for row in tx.all(NEWEST, limit=WAITING)
    ]
    outbox.put(tx, vault, entries, now)


async def _page(desk: Desk, name: str, path: str) -> Figure:
    await desk.look(path)
    if desk.status != 200:
        raise SystemExit(f"bench: {path} answered {desk.status}")
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await desk.look(path)
        times.append((time.perf_counter() - began) * 1_000)
    middle = median(times)
    return Figure(
        name=f"{name}: ms, best {min(times):.0f}",
        ours=f"{middle:.0f} ms",
        ratio=middle / WANTED_MS,
        target=f"≤ {WANTED_MS} ms",
        met=middle <= WANTED_MS,
    )
