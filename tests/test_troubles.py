"""What is wrong with channels, written down by each process of a cluster for itself."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import pytest

from gateway import leases, troubles
from gateway.store import Store
from gateway.troubles import Troubles

Shown = list[tuple[str, str, str]]


@pytest.fixture
def ticks() -> Iterator[int]:
    return iter(range(1, 1000))


async def shown(database: Store) -> Shown:
    """What anybody is told: the process, the channel and what it is."""
    notes = await database.read(troubles.known)
    return [(note.owner, note.channel, note.kind) for note in notes]


async def until(database: Store, wanted: Shown) -> None:
    """Wait until it is told."""
    async with asyncio.timeout(10):
        while await shown(database) != wanted:  # noqa: ASYNC110 (a table)
            await asyncio.sleep(0.01)


async def alive(database: Store, name: str) -> None:
    """A process that the others know."""
    process = leases.PROCESS + name
    await database.write(lambda tx: leases.make(tx, [process]))


@asynccontextmanager
async def writing(database: Store, name: str, ticks: Iterator[int]) -> AsyncIterator[Troubles]:
    """A process that writes down what it notes, until the end of the block."""
    noted = Troubles(lambda _, __: None, lambda: next(ticks), name)
    task = asyncio.create_task(noted.run(database))
    yield noted
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_each_process_of_a_cluster_keeps_its_own(
    database: Store, ticks: Iterator[int]
) -> None:
    """What one has, or has no more, changes nothing in what another one says."""
    for name in ("one", "two"):
        await alive(database, name)
    async with writing(database, "one", ticks) as one, writing(database, "two", ticks) as two:
        one.note("sms", "no_credit")
        await until(database, [("one", "sms", "no_credit")])
        two.note("sms", "away")
        both = [("one", "sms", "no_credit"), ("two", "sms", "away")]
        await until(database, both)
        async with writing(database, "two", ticks):  # started again under its name
            await until(database, both[:1])
        one.note("sms", None)
        two.note("mail", "away")
        await until(database, [("two", "mail", "away"), ("two", "sms", "away")])


async def test_what_a_dead_process_said_is_over(database: Store, ticks: Iterator[int]) -> None:
    """It is shown no more when the others have buried it, and gone when the next one starts."""
    for name in ("one", "two"):
        await alive(database, name)
    async with writing(database, "one", ticks) as one:
        one.note("sms", "no_credit")
        await until(database, [("one", "sms", "no_credit")])
    await database.write(lambda tx: leases.bury(tx, "one"))

    assert await shown(database) == []

    async with writing(database, "two", ticks) as two:
        two.note("mail", "away")
        await until(database, [("two", "mail", "away")])
    rows = await database.read(lambda tx: tx.all("select owner from troubles"))
    assert [row[0] for row in rows] == ["two"]


async def test_who_is_alone_begins_anew(database: Store, ticks: Iterator[int]) -> None:
    """Without a cluster there is one process: whatever stands there is of an earlier one."""
    async with writing(database, "", ticks) as one:
        one.note("sms", "no_credit")
        await until(database, [("", "sms", "no_credit")])
    assert await shown(database) == [("", "sms", "no_credit")]

    async with writing(database, "", ticks):
        await until(database, [])
