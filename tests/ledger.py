"""What the files of a gateway say in the end: nothing lost, nothing twice, everything accounted."""

import asyncio
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from gateway_process import Gateway
from load import Load, Sms

# A backlog of thousands, on a machine that does something else beside.
DRAIN_SECONDS = 240.0
UNFINISHED = """
select (select count(*) from work where state in ('received', 'waiting'))
     + (select count(*) from journal where id not in (select journal_id from work))
     + (select count(*) from outbox where state in ('pending', 'uncertain'))
"""


def rows(gateway: Gateway, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """A look into the store, gateway.db or a PostgreSQL database, beside whoever uses it."""
    if url := _url(gateway):
        with psycopg.connect(url) as database:
            parameters = values or None  # without any, psycopg leaves % alone
            return database.execute(sql.replace("?", "%s").encode(), parameters).fetchall()
    return _rows(gateway.data_dir / "gateway.db", sql, values)


def changed(gateway: Gateway, sql: str, *values: object) -> None:
    """Change something in the store of a gateway that does not run."""
    if url := _url(gateway):
        with psycopg.connect(url) as server:
            server.execute(sql.replace("?", "%s").encode(), values or None)
        return
    with closing(sqlite3.connect(gateway.data_dir / "gateway.db")) as file, file:
        file.execute(sql, values)


def central(gateway: Gateway, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """A look into the embedded central store."""
    return _rows(gateway.central_db, sql, values)


async def until_drained(gateway: Gateway) -> None:
    """Wait until every row is settled and every outbox row has ended."""
    deadline = time.monotonic() + DRAIN_SECONDS
    while rows(gateway, UNFINISHED)[0][0]:
        assert gateway.running, f"the gateway ended:\n{gateway.log[-4000:]}"
        assert time.monotonic() < deadline, f"not settled: {_unfinished(gateway)}"
        await asyncio.sleep(0.05)


def _unfinished(gateway: Gateway) -> list[tuple[Any, ...]]:
    work = "select 'work', state, reason, count(*) from work group by state, reason"
    outbox = "select target, state, reason, count(*) from outbox group by target, state, reason"
    return rows(gateway, f"{work} union all {outbox}")


async def until_recorded(gateway: Gateway, records: int) -> None:
    """Wait until the embedded central store holds so many records."""
    deadline = time.monotonic() + DRAIN_SECONDS
    while not gateway.central_db.exists() or count(gateway) < records:
        assert time.monotonic() < deadline, f"{records} records do not come:\n{gateway.log[-4000:]}"
        await asyncio.sleep(0.05)


def count(gateway: Gateway) -> int:
    """How many records the embedded central store holds."""
    try:
        return int(central(gateway, "select count(*) from records")[0][0])
    except sqlite3.OperationalError:  # it is just being made
        return 0


def assert_journaled(gateway: Gateway, load: Load) -> None:
    """Every wire that was acknowledged is one row of the journal, and nothing else is in it."""
    wires = [wire for message in load.messages.values() for wire in message.wires]
    sms = {wire.id for wire in wires if isinstance(wire, Sms)}
    held = Counter(rows(gateway, "select channel, external_id from journal"))

    assert {wire.id for wire in wires} == load.acknowledged.keys()
    assert {key for channel, key in held if channel == "sms"} == sms
    assert len(held) == held.total() == len(wires)


def assert_recorded_once(gateway: Gateway, load: Load) -> None:
    """Every message is exactly one record in central.db, whole and in its first revision."""
    found = central(gateway, "select text, revision, channel, record_id from records")
    texts = Counter(text.strip() for text, *_ in found)

    wanted = Counter(message.text for message in load.messages.values())
    assert not wanted - texts, f"missing in central.db: {list((wanted - texts).elements())[:5]}"
    assert not texts - wanted, f"too many in central.db: {list((texts - wanted).elements())[:5]}"
    assert {revision for _, revision, *_ in found} <= {1}
    assert len({record_id for *_, record_id in found}) == len(found)
    assert central(gateway, "select count(*) from record_revisions") == [(len(found),)]


async def assert_proven(gateway: Gateway, *, parked: Collection[int] = (0,)) -> None:
    """`verify` finds the chain whole, and `reconcile` accounts for every row."""
    verified = await gateway.command("verify")
    reconciled = await gateway.command("reconcile", "--json")
    received = rows(gateway, "select count(*) from journal")[0][0]
    total = json.loads(reconciled.stdout)["total"]

    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert f"whole: {received} rows" in verified.stdout
    assert reconciled.returncode == 0, reconciled.stdout
    assert (total["received"], total["pending"], total["unaccounted"]) == (received, 0, 0)
    assert total["parked"] in parked


def _url(gateway: Gateway) -> str:
    """The database it has on PostgreSQL, if it has one."""
    return str(gateway.database_url or gateway.settings.get("store", {}).get("url", ""))


def _rows(file: Path, sql: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=60)) as database:
        return database.execute(sql, values).fetchall()
