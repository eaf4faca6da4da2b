"""The process that thinks: it may die at any moment, and no message is lost or stuck with it."""

import asyncio
import os
import signal
from pathlib import Path

import aiohttp
from gateway_process import Gateway
from ledger import rows, until_drained

ENOUGH_LOOKS = 1_000


def children(pid: int) -> dict[int, str]:
    """The child processes of a process and what they were started as."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            command = (entry / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue  # it ended meanwhile
        if int(parent) == pid:
            found[int(entry.name)] = command
    return found


def thinker(gateway: Gateway) -> int:
    """The pid of the process that reads and composes."""
    found = children(gateway.pid).items()
    return next(pid for pid, name in found if "resource_tracker" not in name)


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
        os.kill(thinker(gateway), signal.SIGKILL)
        assert await report(gateway, number) == 200
        await until_drained(gateway)
    recorded = rows(gateway, "select count(*) from records")
    parked = rows(gateway, "select count(*) from work where state = 'parked'")

    assert (recorded, parked) == ([(3,)], [(0,)])
    assert await gateway.stop() == 0


async def test_the_thinking_process_ends_with_the_gateway(gateway: Gateway) -> None:
    """`kill -9` of the gateway alone leaves no process behind that holds the gateway key."""
    await gateway.start()
    await report(gateway, 1)
    await until_drained(gateway)
    child = thinker(gateway)
    os.kill(gateway.pid, signal.SIGKILL)
    assert gateway.process
    gateway.process.wait()

    for _ in range(ENOUGH_LOOKS):
        if not _command(child):
            break
        await asyncio.sleep(0.01)
    assert _command(child) == ""


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
