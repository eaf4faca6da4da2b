"""The process that thinks: it may die at any moment, and no message is lost or stuck with it."""

import asyncio
import os
import signal
from pathlib import Path

import aiohttp
from gateway_process import Gateway
from ledger import assert_journaled, assert_proven, assert_recorded_once, rows, until_drained
from load import Crowd, Load
from processes import children, left_of, thinker, thinkers

from gateway.craft import Craft
from gateway.settings import read_settings
from gateway.workshop import InProcess, ThinkingDied

ENOUGH_LOOKS = 1_000


async def report(gateway: Gateway, number: int) -> int:
    """Send one SMS; the status it was answered with."""
    form = {"from": "+6280000000001", "text": f"Lampu jalan {number} padam", "id": f"n-{number}"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{gateway.url}/in/sms", data=form) as response,
    ):
        return response.status


async def test_messages_are_recorded_though_the_thinking_process_is_killed(
    gateway: Gateway,
) -> None:
    """The gateway starts another one and takes up what was in hand; nothing is parked."""
    await gateway.start()
    for number in range(3):
        os.kill(thinker(gateway.pid), signal.SIGKILL)
        assert await report(gateway, number) == 200
        await until_drained(gateway)
    recorded = rows(gateway, "select count(*) from records")
    parked = rows(gateway, "select count(*) from work where state = 'parked'")

    assert (recorded, parked) == ([(3,)], [(0,)])
    assert await gateway.stop() == 0


async def test_all_who_waited_for_a_child_that_died_share_the_next_one(tmp_path: Path) -> None:
    """Pipeline and monitor hear of it at once, and one new process is made for both."""
    others = children(os.getpid()).keys()
    settings = read_settings(None, tmp_path, {})
    workshop = InProcess(settings)
    workshop.furnish(settings, bytes(range(32)))
    (child,) = children(os.getpid()).keys() - others
    waiting = [asyncio.ensure_future(workshop.run(Craft.glance, [])) for _ in range(3)]
    await asyncio.sleep(0)
    os.kill(child, signal.SIGKILL)
    heard = await asyncio.gather(*waiting, return_exceptions=True)
    again = await workshop.run(Craft.glance, [])
    made = children(os.getpid())
    after = [pid for pid in made.keys() - others if "spawn_main" in made[pid]]
    await asyncio.to_thread(workshop.close)

    assert {type(one) for one in heard} == {ThinkingDied}
    assert again == []
    assert len(after) == 1


async def test_two_think_for_one_gateway_and_one_of_them_is_killed(gateway: Gateway) -> None:
    """Long messages in parts, repeated ones and mails: each is one record, whoever read it."""
    gateway.settings = {"pipeline": {"processes": 2}}
    load = Load(gateway, Crowd(seed=7))
    async with gateway:
        before = thinkers(gateway.pid)
        async with load.running(sms=12, mail=4):
            for victim in before:
                await load.acknowledgements(100)
                os.kill(victim, signal.SIGKILL)
            await load.acknowledgements(100)
        await until_drained(gateway)
        after = thinkers(gateway.pid)

    assert len(before) == 2
    assert set(before).isdisjoint(after)
    assert_journaled(gateway, load)
    assert_recorded_once(gateway, load)
    await assert_proven(gateway)


async def test_a_batch_is_composed_where_it_was_read(tmp_path: Path) -> None:
    """The child with the least to do is taken, so reading one goes on beside composing another."""
    (tmp_path / "gateway.toml").write_text("[pipeline]\nprocesses = 2\n")
    settings = read_settings(tmp_path, tmp_path, {})
    workshop = InProcess(settings)
    workshop.furnish(settings, bytes(range(32)))
    first = workshop.seat()
    composing = asyncio.ensure_future(first.run(Craft.glance, []))
    await asyncio.sleep(0)
    second = workshop.seat()
    await composing
    third = workshop.seat()
    await asyncio.to_thread(workshop.close)

    assert second is not first
    assert third is first


async def test_the_thinking_process_ends_with_the_gateway(gateway: Gateway) -> None:
    """`kill -9` of the gateway alone leaves no process behind that holds the gateway key."""
    await gateway.start()
    await report(gateway, 1)
    await until_drained(gateway)
    child = thinker(gateway.pid)
    os.kill(gateway.pid, signal.SIGKILL)
    assert gateway.process
    gateway.process.wait()

    for _ in range(ENOUGH_LOOKS):
        if not _command(child):
            break
        await asyncio.sleep(0.01)
    assert _command(child) == ""


async def test_a_gateway_that_is_killed_leaves_nothing_in_memory_files(gateway: Gateway) -> None:
    """A named semaphore would stay in /dev/shm; also after a child died and one was made anew."""
    gateway.settings = {"pipeline": {"processes": 2}}
    await gateway.start()
    os.kill(thinker(gateway.pid), signal.SIGKILL)
    assert await report(gateway, 1) == 200
    await until_drained(gateway)
    used = {name for pid in left_of([gateway.pid]) for name in _shared_names(pid)}
    gateway.kill()

    assert used == set()


def _shared_names(pid: int) -> list[str]:
    """What a process uses in /dev/shm that has a name there."""
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    shared = [line for line in lines if "/dev/shm/" in line]  # noqa: S108 (only looked at)
    return [line for line in shared if "(deleted)" not in line]


async def test_one_process_is_enough_where_memory_is_short(gateway: Gateway) -> None:
    """`own_process = false` thinks in a thread and records the same."""
    gateway.settings = {"pipeline": {"own_process": False}}
    await gateway.start()
    await report(gateway, 1)
    await until_drained(gateway)

    assert children(gateway.pid) == {}
    assert rows(gateway, "select count(*) from records") == [(1,)]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""
