"""Whether the stores have what they took: by sample and whole, in the daemon and by command."""

import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from fault_server import FaultServer
from forwarding import STORE, Desk, push, record_entry, record_id
from gateway_process import Gateway
from ledger import until_drained, until_recorded

from channels.contract import Outcome, Receipt
from forwarder import ledger
from forwarder.central.contract import Central
from forwarder.central.http import HttpCentral, HttpOptions
from forwarder.central.sqlite import SqliteCentral, SqliteOptions
from forwarder.ledger import Case
from forwarder.push import Push
from gateway.holdings import SAMPLE, Holding, Holdings, ask, chosen
from gateway.store import Store
from gateway.vault import Vault


@pytest.fixture
def desk(database: Store, vault: Vault) -> Desk:
    return Desk(database, vault)


@pytest.fixture
async def central(tmp_path: Path) -> AsyncIterator[SqliteCentral]:
    store = SqliteCentral("store", SqliteOptions(), tmp_path)
    yield store
    await store.close()


async def delivered(desk: Desk, central: Central, numbers: Sequence[int]) -> None:
    """Records that are there, and that the gateway knows to be there."""
    await central.push([push(number) for number in numbers])
    await desk.put(*(record_entry(number) for number in numbers))
    await desk.settle(await desk.claim(limit=len(numbers)), Receipt())


async def test_a_store_that_lost_something_is_found_out(
    desk: Desk, database: Store, central: SqliteCentral
) -> None:
    """Everything it took is there, until somebody deletes a row; then it is named."""
    await delivered(desk, central, range(5))
    told: list[Holding] = []
    holdings = Holdings({"store": central}, database, told.append)
    await holdings.look()
    with closing(sqlite3.connect(central.path)) as other, other:
        other.execute("delete from record_revisions where record_id = ?", (record_id(3),))
    await holdings.look()

    whole, holed = told
    assert (whole.asked, whole.there, whole.missing) == (5, 5, ())
    assert (holed.asked, holed.there, holed.missing) == (5, 4, (record_id(3),))


async def test_a_sample_and_the_whole(desk: Desk, database: Store, central: SqliteCentral) -> None:
    """Of many cases a sample is asked for, from wherever it begins; the whole has each once."""
    many = SAMPLE + 30
    await delivered(desk, central, range(many))

    whole = await database.read(lambda tx: chosen(tx, "store", whole=True))
    some = await database.read(lambda tx: chosen(tx, "store", start=record_id(many - 10)))
    drawn = await database.read(lambda tx: chosen(tx, "store"))

    assert [case.record_id for case in whole] == [record_id(number) for number in range(many)]
    assert len(some) == len({case.record_id for case in some}) == SAMPLE
    assert len(drawn) == SAMPLE


async def test_who_will_not_say_is_silent() -> None:
    """A store without `find_url`, or one that is away, lacks nothing by that."""
    async with FaultServer() as server:
        url = f"{server.url}/{{id}}"
        stores = [
            HttpCentral("mute", HttpOptions(url=server.url, allow_private=True), lambda: 0),
            HttpCentral(
                "asked",
                HttpOptions(url=server.url, find_url=url, allow_private=True),
                lambda: 0,
            ),
        ]
        await stores[1].push([push(1)])
        cases = [
            Case(record_id=record_id(number), revision=1, reference="", at=0) for number in (1, 2)
        ]
        mute, asked = [await ask(store, cases) for store in stores]
        await server.down()
        away = await ask(stores[1], cases)
        for store in stores:
            await store.close()

    assert (mute.there, mute.missing, mute.silent) == (0, (), 2)
    assert (asked.there, asked.missing, asked.silent) == (1, (record_id(2),), 0)
    assert (away.missing, away.silent) == ((), 2)


async def test_sums_by_store(desk: Desk, database: Store) -> None:
    """How many revisions each store has, waits for, and was refused."""
    await desk.put(*(record_entry(number) for number in range(3)))
    await desk.settle((await desk.claim())[:2], Receipt())

    assert await database.read(ledger.sums) == {"store": {"delivered": 2, "pending": 1}}


class Careless(Central):
    """Says yes to everything and keeps nothing, as a portal's log-in page does."""

    kind = "careless"

    async def push(self, pushes: Sequence[Push]) -> Sequence[Outcome]:
        """Of course."""
        return [Receipt()] * len(pushes)

    async def find(self, push: Push) -> None:
        """Never heard of it."""
        del push


async def test_who_keeps_nothing_is_found_out(desk: Desk, database: Store) -> None:
    """The receipt of a store is not believed for longer than a day."""
    await delivered(desk, Careless("store"), [1, 2])
    cases = await database.read(lambda tx: chosen(tx, "store"))

    assert STORE == "central:store"
    assert len((await ask(Careless("store"), cases)).missing) == 2


@pytest.mark.usefixtures("on_both_engines")
async def test_the_command_asks_every_store(gateway: Gateway) -> None:
    """Two stores in one table; what one of them lost ends in exit code 1 and is named."""
    gateway.settings = {
        "central": {
            "central": {"kind": "sqlite"},
            "second": {"kind": "sqlite", "path": "second.db"},
        }
    }
    await gateway.start()
    await gateway.command("send", "sms", "Lampu jalan padam di Jalan Mawar")
    await until_recorded(gateway, 1)
    await until_drained(gateway)
    good = await gateway.command("reconcile", "--ask", "--json")
    with closing(sqlite3.connect(gateway.data_dir / "second.db")) as second, second:
        second.execute("delete from record_revisions")
    holed = await gateway.command("reconcile", "--ask", "--whole")
    plain = await gateway.command("reconcile")
    await gateway.stop()

    stores = {row["store"]: row for row in json.loads(good.stdout)["stores"]}
    assert good.returncode == 0
    assert {name: (row["delivered"], row["there"]) for name, row in stores.items()} == {
        "central": (1, 1),
        "second": (1, 1),
    }
    assert holed.returncode == 1
    assert "second lacks" in holed.stdout
    assert plain.returncode == 0
    assert plain.stdout.splitlines()[-1] == "balances"
