"""Leases of several processes on one database: who leads, who has died, who writes nothing more."""

import asyncio
from pathlib import Path

import pytest

from forwarder.ports import Row, Transaction
from gateway import leases
from gateway.cluster import LEASE_SECONDS, Cluster, Leading
from gateway.leading import Led, while_leading
from gateway.leases import Superseded
from gateway.node import taken_name
from gateway.store import Store


class Member(Cluster):
    """A process with a clock that the test sets."""

    def __init__(self, database: Store, node: str) -> None:
        self.time = 0.0
        self.released: list[str] = []
        super().__init__(
            database,
            node,
            buried=lambda _, dead: self.released.append(dead),
            clock=lambda: self.time,
        )
        self.want("pipeline")

    async def beats(self, times: int = 1) -> None:
        """One beat after the other, at the usual pace."""
        for _ in range(times):
            await self.beat()
            self.time += 2.0


@pytest.fixture
def two(database: Store) -> tuple[Member, Member]:
    """Two processes."""
    return Member(database, "one"), Member(database, "two")


async def seconds_pass(database: Store, seconds: float, node: str = "") -> None:
    """Let leases, or those of one process, be older by the database's clock."""
    await database.write(
        lambda tx: tx.run(
            "update leases set until = until - :ms where :node = '' or owner = :node",
            ms=int(seconds * 1000),
            node=node,
        )
    )


async def test_the_first_leads_and_the_other_stands_by(two: tuple[Member, Member]) -> None:
    one, other = two
    await one.beats()
    await other.beats()

    assert (one.epoch("pipeline"), other.epoch("pipeline")) == (1, None)
    assert (one.standing(), other.standing()) == (True, True)


async def test_a_lease_is_renewed_and_keeps_its_epoch(
    two: tuple[Member, Member], database: Store
) -> None:
    one, other = two
    for _ in range(8):
        await one.beats()
        await seconds_pass(database, 2.0)
        await other.beats()

    assert (one.epoch("pipeline"), other.epoch("pipeline")) == (1, None)


async def test_who_is_frozen_loses_its_lease_and_writes_nothing_more(
    two: tuple[Member, Member], database: Store
) -> None:
    """The other leads under a new epoch; what the frozen one began is refused when it wakes."""
    one, other = two
    await one.beats()
    lead = Leading(one, "pipeline")
    await seconds_pass(database, LEASE_SECONDS, "one")
    await other.beats()
    before, after = lead.epoch, other.epoch("pipeline")

    assert (before, after) == (1, 2)  # by its own clock it has not noticed yet
    assert not await database.write(lambda tx: lead.holds(tx, 1))
    with pytest.raises(Superseded):
        await Led(database, lead).write(lambda tx: tx.run("delete from leases"))
    assert await database.write(lambda tx: Leading(other, "pipeline").holds(tx, 2))


async def test_who_loses_the_database_stops_by_its_own_clock(two: tuple[Member, Member]) -> None:
    one, _ = two
    await one.beats()
    one.time += LEASE_SECONDS

    assert one.epoch("pipeline") is None
    assert not one.standing()


async def test_the_dead_are_buried_by_who_was_well_all_the_time(
    two: tuple[Member, Member], database: Store
) -> None:
    one, other = two
    await one.beats()
    await other.beats()
    await seconds_pass(database, LEASE_SECONDS, "one")
    await other.beats(2)
    early = list(other.released)
    await other.beats(4)
    others = await database.read(other.others)

    assert (early, other.released, others) == ([], ["one"], [])


async def test_after_an_outage_of_the_database_nobody_is_buried_at_once(
    two: tuple[Member, Member], database: Store
) -> None:
    """The others had no chance to renew either."""
    one, other = two
    await one.beats()
    await other.beats(6)
    await seconds_pass(database, LEASE_SECONDS, "one")
    other.time += LEASE_SECONDS
    await other.beats()
    await one.beats()
    await other.beats(6)

    assert other.released == []


async def test_after_a_restart_the_same_process_goes_on_at_once_under_a_new_epoch(
    two: tuple[Member, Member], database: Store
) -> None:
    one, _ = two
    await one.beats()
    again = Member(database, "one")
    await again.beats()

    assert again.epoch("pipeline") == 2
    assert not await database.write(lambda tx: Leading(one, "pipeline").holds(tx, 1))


async def test_who_leaves_makes_room_at_once(two: tuple[Member, Member], database: Store) -> None:
    one, other = two
    await one.beats()
    await one.leave()
    await other.beats()

    assert other.epoch("pipeline") == 2
    assert await database.read(other.others) == []


async def test_each_process_writes_a_chain_of_its_own(
    two: tuple[Member, Member], database: Store
) -> None:
    """A chain whose writer has gone is written on by the next who needs one."""
    one, other = two
    await one.beats()
    await other.beats()
    third = Member(database, "three")
    await one.leave()
    await third.beats()
    await other.beats()

    assert (one.chain, other.chain, third.chain) == (0, 1, 0)


async def test_processes_that_begin_at_the_same_moment_get_a_chain_each(
    two: tuple[Member, Member], database_url: str
) -> None:
    """Both see an empty database; who is slower finds its new chain taken, and takes another."""
    if not database_url.startswith("postgresql"):
        pytest.skip("SQLite has one writer")
    store = await Store.open(database_url)
    quick, loop = two[0], asyncio.get_running_loop()

    class Between:
        """A look at the chains; before anything follows from it another process has its beat."""

        def __init__(self, tx: Transaction) -> None:
            self._tx = tx

        def __getattr__(self, name: str) -> object:
            return getattr(self._tx, name)

        def all(self, sql: str, /, **parameters: object) -> list[Row]:
            """Look."""
            rows = self._tx.all(sql, **parameters)
            if sql == leases.CHAINS:
                asyncio.run_coroutine_threadsafe(quick.beats(), loop).result(30)
            return rows

    taken = await store.write(
        lambda tx: leases.chain(Between(tx), "three", held=(), ms=10_000)  # type: ignore[arg-type]
    )
    await store.close()

    assert (quick.chain, taken) == (0, 1)


async def test_what_one_does_at_a_time_begins_again_with_each_lead(
    two: tuple[Member, Member], database: Store
) -> None:
    """It runs while the lease lasts, is cancelled when it ends, and runs elsewhere then."""
    one, other = two
    begun: list[str] = []

    async def work(name: str) -> None:
        begun.append(name)
        await asyncio.Future()

    async def until(count: int) -> None:
        while len(begun) < count:  # noqa: ASYNC110 (nothing tells)
            await asyncio.sleep(0.01)

    await one.beats()
    tasks = [
        asyncio.ensure_future(while_leading(Leading(one, "pipeline"), lambda: work("one"))),
        asyncio.ensure_future(while_leading(Leading(other, "pipeline"), lambda: work("other"))),
    ]
    async with asyncio.timeout(30):
        await until(1)
        one.time += LEASE_SECONDS
        await seconds_pass(database, LEASE_SECONDS)
        await other.beats()
        await until(2)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert begun == ["one", "other"]


def test_a_node_keeps_its_name_and_shares_it_with_nobody(tmp_path: Path) -> None:
    with taken_name(tmp_path) as first, taken_name(tmp_path) as second:
        pass
    with taken_name(tmp_path) as again:
        pass

    assert first == again
    assert first != second


async def test_a_lease_that_is_in_somebody_s_hand_is_waited_for_by_nobody(
    two: tuple[Member, Member], database: Store, database_url: str
) -> None:
    """A commit of the one who leads may take long; the others' beats go on meanwhile."""
    if not database_url.startswith("postgresql"):
        pytest.skip("SQLite has one writer")
    one, other = two
    await one.beats()
    await seconds_pass(database, LEASE_SECONDS, "one")
    store = await Store.open(database_url)
    slow = Member(store, "two")

    def hold(tx: Transaction) -> None:
        assert leases.held(tx, "pipeline", "one", 1)
        asyncio.run_coroutine_threadsafe(slow.beats(), loop).result(30)

    loop = asyncio.get_running_loop()
    await database.write(hold)
    meanwhile = slow.epoch("pipeline")
    await slow.beats()
    await store.close()

    assert (meanwhile, slow.epoch("pipeline")) == (None, 2)
    assert other.epoch("pipeline") is None
