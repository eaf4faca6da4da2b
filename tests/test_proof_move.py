"""A whole office moves to PostgreSQL while citizens go on writing: nothing lost, nothing twice."""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import fault_server
import psycopg
import pytest
from door_browser import Browser, browser
from fault_server import FaultServer
from gateway_process import Gateway
from ledger import UNFINISHED, rows
from load import Crowd, Load, Sms, post
from postgres import Postgres
from sms_gateway import SendApiPeer, serving
from test_proof_weather import held, receipts, texts, use_store
from test_user_command import PASSWORD

if TYPE_CHECKING:
    from console_site import Site

PATIENCE = 120.0
#: Of a long SMS, one before the move and one after it.
PARTS = (
    Sms(id="long-1", sender="+6281300000999", text="lampu padam ", udh="050003070201"),
    Sms(id="long-2", sender="+6281300000999", text="sejak kemarin long", udh="050003070202"),
)
TABLES = "select name from moving where rows > 0"


@pytest.fixture
def url(postgres: Postgres) -> Iterator[str]:
    """A database nobody has used; its tables are there, so that a test can hold one."""
    url = postgres.copy()
    yield url
    postgres.drop(url)


def ask(url: str, statement: str) -> list[tuple[Any, ...]]:
    """A look into the new database."""
    with psycopg.connect(url) as server:
        return server.execute(statement.encode()).fetchall()


async def until(true: Callable[[], object], what: str) -> None:
    """Wait for something that no event tells of."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.05)


@contextmanager
def holding(url: str, table: str) -> Iterator[None]:
    """Nobody writes to this table meanwhile."""
    with psycopg.connect(url) as server:
        server.execute(f"lock table {table} in share mode".encode())
        yield


def begun(gateway: Gateway, *words: str) -> "subprocess.Popen[bytes]":
    """`migrate-store` in a process of its own."""
    folders = ["--config", str(gateway.config_dir), "--data", str(gateway.data_dir)]
    return subprocess.Popen(
        [sys.executable, "-m", "gateway", "migrate-store", *words, *folders],
        cwd=gateway.home,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


async def killed_before(gateway: Gateway, words: tuple[str, str], table: str, last: str) -> None:
    """A move that is ended by `kill -9` when it has come to `table`, behind `last`."""
    with holding(words[1], table):
        moving = begun(gateway, *words)
        try:
            await until(
                lambda: moving.poll() is not None or _is_there(words[1], last),
                f"the move does not come to {last}",
            )
            assert moving.poll() is None
        finally:
            moving.kill()
            moving.wait()


def _is_there(url: str, table: str) -> bool:
    made = ask(url, "select to_regclass('moving')") != [(None,)]
    return made and (table,) in ask(url, TABLES)


@asynccontextmanager
async def desk(gateway: Gateway) -> AsyncIterator[Browser]:
    """A browser at the console of this gateway."""
    async with browser(cast("Site", SimpleNamespace(internal=gateway.internal_url))) as one:
        yield one


async def send(gateway: Gateway, sms: Sms) -> None:
    """One SMS, acknowledged."""
    async with aiohttp.ClientSession() as session:
        assert await post(session, gateway.url, sms) == 200


async def reconciled(gateway: Gateway) -> dict[str, int]:
    """What `reconcile` says of all."""
    finished = await gateway.command("reconcile", "--json")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    total: dict[str, int] = json.loads(finished.stdout)["total"]
    return total


@pytest.mark.slow
async def test_an_office_moves_under_load(gateway: Gateway, url: str) -> None:
    """
    Ended twice on the way, gone on with, and started on PostgreSQL: all that waited is done there.

    The gateway is killed, not stopped, so that as much as can be is in hand; the central store is
    down, so that nothing of it is delivered; clients repeat all the while.
    """
    here = f"sqlite://{gateway.data_dir}/gateway.db"
    telephones, load = SendApiPeer(), Load(gateway, Crowd(7))
    async with (
        serving(telephones.routes()) as send_api,
        FaultServer(health=fault_server.status(503)) as store,
        desk(gateway) as sari,
    ):
        gateway.settings = {
            "channels": {"sms": {"send_url": f"{send_api}/send"}},
            "console": {"totp": "optional"},
        }
        use_store(gateway, store)
        gateway.settings["outbox"] |= {"uncertain_wait": 1.0}
        await gateway.start()
        added = await gateway.command("user", "add", "sari", "--role", "admin", typed=PASSWORD)
        assert added.returncode == 0, added.stderr
        await sari.sign_in(password=PASSWORD)
        await sari.look("/me")
        assert sari.status == 200
        await send(gateway, PARTS[0])
        async with load.running(sms=10, mail=2):
            await load.acknowledgements(150)
            gateway.kill()
            before = await _moved(gateway, here, url)
            await gateway.start()
            await load.acknowledgements(30)
        await send(gateway, PARTS[1])
        await sari.look("/me")
        assert sari.status == 200  # the session of before
        async with desk(gateway) as again:
            await again.sign_in(password=PASSWORD)
            await again.look("/me")
            assert again.status == 200
        store.health = None
        await until(lambda: not ask(url, UNFINISHED)[0][0], "not settled on PostgreSQL")
        await gateway.stop()
    verified = await gateway.command("verify")
    said = texts(load) + Counter(["lampu padam sejak kemarin long"])
    codes = [json.loads(body)["data"]["case_code"] for body in store.records.values()]

    assert held(store) == said
    assert len(set(codes)) == len(codes) == len(said)
    assert verified.returncode == 0, verified.stdout
    assert (await reconciled(gateway))["received"] == len(load.acknowledged) + len(PARTS)
    assert ask(url, "select count(*), max(position) from journal") == [
        (len(load.acknowledged) + len(PARTS),) * 2
    ]
    assert set(receipts(telephones).values()) == {1}
    assert before["outbox"] > 0
    assert before["unsettled"] > 0


async def _moved(gateway: Gateway, here: str, url: str) -> dict[str, int]:
    """Move the office, killed twice; what was not done in it then."""
    words = (here, url)
    pending = "select count(*) from outbox where state in ('pending', 'uncertain')"
    left = {
        "outbox": rows(gateway, pending)[0][0],
        "unsettled": rows(gateway, UNFINISHED)[0][0] - rows(gateway, pending)[0][0],
    }
    await killed_before(gateway, words, "outbox", "records")
    gateway.settings["store"] = {"url": url}
    await gateway.start(wait=False)
    assert await gateway.ended() == 1
    assert "is not whole yet" in gateway.log
    await killed_before(gateway, words, "board", "users")
    finished = await gateway.command("migrate-store", *words)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "the same, to the last row" in finished.stdout
    assert "DIFFERS" not in finished.stdout
    assert "journal: " in finished.stderr
    return left
