"""Promise 7 on the real process: a full disk, a locked database, a central store in every mood."""

import asyncio
import json
import os
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import fault_server
import pytest
from fault_server import FaultServer
from gateway_process import Gateway
from ledger import (
    assert_journaled,
    assert_proven,
    assert_recorded_once,
    central,
    rows,
    until_drained,
    until_recorded,
)
from load import Crowd, Load, Message, Sms, post
from sms_gateway import SendApiPeer, serving

SEED = 4
ASKED = "Lampu padam"
PATIENCE = 60.0
DISK_MIB = 8
# A lock is waited for some seconds; one after the other for each of forty would be minutes.
QUEUE_SECONDS = 30.0
# Quick retries, so that a test sees many; the waits themselves have tests of their own.
QUICK = {"base": 0.05, "cap": 0.3, "told_cap": 1.0}


async def until(true: Callable[[], bool], what: str) -> None:
    """Wait for something that no event tells of."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.05)


@pytest.fixture
async def telephones(gateway: Gateway) -> AsyncIterator[SendApiPeer]:
    """The SMS provider's send API, which the gateway's receipts go to."""
    peer = SendApiPeer()
    async with serving(peer.routes()) as send_api:
        gateway.settings = {"channels": {"sms": {"send_url": f"{send_api}/send"}}}
        yield peer


def use_store(gateway: Gateway, store: FaultServer, **options: Any) -> None:  # noqa: ANN401 (TOML)
    """Let an HTTP store be the one central store."""
    section = {"kind": "http", "url": store.url, "allow_private": True, "timeout": 1.0, **options}
    gateway.settings |= {"central": {"ministry": section}, "outbox": QUICK}


def held(store: FaultServer) -> Counter[str]:
    """The texts of the records a store holds."""
    return Counter(json.loads(body)["data"]["text"].strip() for body in store.records.values())


def texts(load: Load) -> Counter[str]:
    """What was said."""
    return Counter(message.text for message in load.messages.values())


def receipts(telephones: SendApiPeer) -> Counter[str]:
    """How often each receipt went out."""
    return Counter(form["id"] for _, _, form, _ in telephones.asked)


def some_sms(crowd: Crowd, number: int) -> list[Message]:
    """Messages of citizens."""
    return [crowd.sms() for _ in range(number)]


# --- the central store -------------------------------------------------------------------------


async def test_a_store_that_is_away_over_a_restart_gets_everything_once(
    gateway: Gateway, telephones: SendApiPeer
) -> None:
    """Receipts go out while the store is down, and what waits for it outlives the process."""
    load, crowd = Load(gateway, Crowd(SEED)), Crowd(SEED)
    async with FaultServer() as store:
        use_store(gateway, store)
        await store.down()
        await gateway.start()
        await load.send(*some_sms(crowd, 10))
        await until(lambda: len(telephones.asked) == 10, "receipts wait for the store")
        await gateway.stop()
        await gateway.start()
        waiting = rows(gateway, "select count(*) from outbox where state = 'pending'")
        await store.up()
        await until_drained(gateway)
        await gateway.stop()

    assert waiting == [(10,)]
    assert held(store) == texts(load)
    assert set(receipts(telephones).values()) == {1}
    assert len(receipts(telephones)) == 10
    await assert_proven(gateway)


async def test_one_store_that_hangs_holds_up_no_other(
    gateway: Gateway, telephones: SendApiPeer
) -> None:
    """The second store, the receipts and both doors go on while the first one says nothing."""
    load = Load(gateway, Crowd(SEED))
    async with FaultServer(health=fault_server.silent) as store:
        use_store(gateway, store, timeout=30.0)
        gateway.settings["central"]["central"] = {"kind": "sqlite"}
        # A receipt whose answer was on its way at the kill stays in doubt for so long.
        gateway.settings["outbox"] |= {"uncertain_wait": 1.0}
        await gateway.start()
        async with load.running(sms=4, mail=2):
            await load.acknowledgements(40)
        await until_recorded(gateway, len(load.messages))
        sms = sum(message.channel == "sms" for message in load.messages.values())
        await until(lambda: len(telephones.asked) == sms, "receipts wait for the store that hangs")
        silent = held(store)
        store.health = None
        gateway.kill()
        await gateway.start()
        await until_drained(gateway)
        await gateway.stop()

    assert silent == Counter()
    assert held(store) == texts(load)
    assert_recorded_once(gateway, load)
    await assert_proven(gateway)


# --- the database ------------------------------------------------------------------------------


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another process (this one) writes to the file and does not come to an end."""
    with closing(sqlite3.connect(file, isolation_level=None, timeout=30)) as database:
        database.execute("begin immediate")
        yield
        database.execute("rollback")


async def test_a_locked_database_is_no_acknowledgement(gateway: Gateway) -> None:
    """Providers hear 503 and 451 while it lasts, and 200 and 250 as soon as it is over."""
    load = Load(gateway, Crowd(SEED))
    asked = Message(mark="locked 0", channel="sms", text=ASKED, wires=(_asked(),))
    async with gateway, load.running(sms=4, mail=2), asyncio.timeout(PATIENCE):
        await load.acknowledgements(10)
        with locked(gateway.data_dir / "gateway.db"):
            answer, (status, body), *_ = await asyncio.gather(
                _answer_of(gateway),
                gateway.get("/health/ready"),
                load.refusal(503),
                load.refusal(451),
            )
        # The write it was refused over may have come to its end after all: again is still once.
        await load.send(asked)
        await load.acknowledgements(20)
        await gateway.until_ready()
    async with gateway:
        await until_drained(gateway)

    assert (answer.status, answer.headers["Content-Type"]) == (503, "application/problem+json")
    assert answer.headers["Retry-After"].isdigit()
    assert status == 503
    assert json.loads(body)["not_ready"] == ["the database takes no writes"]
    assert set(load.refusals) == {503, 451}
    assert_journaled(gateway, load)
    assert_recorded_once(gateway, load)
    await assert_proven(gateway)


async def test_a_lock_is_told_to_everybody_at_once(gateway: Gateway) -> None:
    """However many ask while the database is locked, none waits for the others' refusals."""
    async with gateway:
        with locked(gateway.data_dir / "gateway.db"):
            async with asyncio.timeout(QUEUE_SECONDS):
                answers, probes = await asyncio.gather(
                    asyncio.gather(*(_answer_of(gateway, number) for number in range(20))),
                    asyncio.gather(*(gateway.ready() for _ in range(20))),
                )

    assert {answer.status for answer in answers} == {503}
    assert set(probes) == {False}


async def test_a_locked_central_database_holds_up_neither_intake_nor_receipts(
    gateway: Gateway, telephones: SendApiPeer
) -> None:
    """While another program holds central.db, everything goes on, and its records follow."""
    load, crowd = Load(gateway, Crowd(SEED)), Crowd(SEED)
    gateway.settings["outbox"] = QUICK
    async with gateway:
        await load.send(*some_sms(crowd, 1))
        await until_recorded(gateway, 1)
        with locked(gateway.central_db):
            await load.send(*some_sms(crowd, 9))
            await until(lambda: len(telephones.asked) == 10, "receipts wait for central.db")
        await until_drained(gateway)

    assert load.refusals == []
    assert_recorded_once(gateway, load)
    await assert_proven(gateway)


# --- the disk ----------------------------------------------------------------------------------


@pytest.fixture
def small_disk(gateway: Gateway) -> Iterator[Path]:
    """The data folder on a file system of its own, of a few megabytes."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    folder = gateway.data_dir
    folder.mkdir(mode=0o700)
    options = f"size={DISK_MIB}m,mode=700"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a small file system: {mounted.stderr.decode().strip()}")
    yield folder
    gateway.kill()
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Write until the disk takes no byte more; remove the file to have it back."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
    return filler


async def test_a_full_disk_is_no_acknowledgement(gateway: Gateway, small_disk: Path) -> None:
    """Providers hear 503 and 451 while the disk is full; with room again it goes on by itself."""
    load = Load(gateway, Crowd(SEED))
    async with gateway, load.running(sms=4, mail=2), asyncio.timeout(PATIENCE):
        await load.acknowledgements(20)
        for _ in range(3):
            filler = fill(small_disk)
            refused = asyncio.gather(load.refusal(503), load.refusal(451))
            while not refused.done():
                await asyncio.sleep(0.05)
                _top_up(filler)  # what a checkpoint or a rollback gave back
            status, body = await gateway.get("/health/ready")
            filler.unlink()
            await load.acknowledgements(20)
        await gateway.until_ready()
    async with gateway:
        await until_drained(gateway)
    sound = [rows(gateway, "pragma integrity_check"), central(gateway, "pragma integrity_check")]

    assert status == 503
    assert "the disk is full" in json.loads(body)["not_ready"]
    assert set(load.refusals) == {503, 451}
    assert sound == [[("ok",)], [("ok",)]]
    assert_journaled(gateway, load)
    assert_recorded_once(gateway, load)
    await assert_proven(gateway)


def _top_up(filler: Path) -> None:
    with filler.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * (1 << 12))
        except OSError:
            return


def _asked(number: int = 0) -> Sms:
    return Sms(id=f"locked {number}", sender="+6281200000001", text=ASKED)


async def _answer_of(gateway: Gateway, number: int = 0) -> aiohttp.ClientResponse:
    sms = _asked(number)
    form = {"from": sms.sender, "text": sms.text, "id": sms.id}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{gateway.url}/in/sms", data=form) as answer,
    ):
        return answer


async def test_the_same_message_from_a_hundred_at_once_is_one_record(gateway: Gateway) -> None:
    """A provider that loses its patience and sends again, in parallel, makes no second record."""
    sms = Sms(id="one", sender="+6281200000001", text="Lampu jalan padam di Melati")
    async with gateway, aiohttp.ClientSession() as session:
        codes = await asyncio.gather(*(post(session, gateway.url, sms) for _ in range(100)))
        await until_drained(gateway)
        await gateway.stop()
        await gateway.start()
        again = await post(session, gateway.url, sms)
        await until_drained(gateway)

    assert (set(codes), again) == ({200}, 200)
    assert rows(gateway, "select count(*) from journal") == [(1,)]
    assert central(gateway, "select text, revision from records") == [(sms.text, 1)]
    assert rows(gateway, "select kind, state from outbox order by id") == [
        ("record", "delivered"),
        ("receipt", "delivered"),
    ]
