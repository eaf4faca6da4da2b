"""
The wall clock jumps while the gateway runs: hours, a month, ten years, and back again (R14).

libfaketime stands between the gateway and the clock; the monotonic clock goes on as it does on a
real machine. The central store is away during the jumps, so that everything waits when the clock is
put right, and the gateway is killed once while it is ten years ahead.
"""

import asyncio
import json
import time
from collections import Counter
from pathlib import Path

import fault_server
from fault_server import FaultServer
from gateway_process import Gateway
from load import Crowd, Load

from torture.case import Case, Chamber, Finding
from torture.moved_clock import MovedClock, lacking_faketime

HOUR, MONTH, TEN_YEARS = 3600, 31 * 86_400, 3_652 * 86_400
JUMPS = (-HOUR, HOUR, MONTH, TEN_YEARS)
# The library looks once a second.
NOTICED_SECONDS = 1.2
#: What is due may be late by so much after the clock is put right: an hour late is far beyond.
LATE_SECONDS = {"short": 300.0, "quick": 300.0, "full": 60.0}
PATIENCE = 300.0
RETRIES = {"base": 0.2, "cap": 5.0, "told_cap": 10.0, "lease": 10.0}


def kill(gateway: Gateway) -> None:
    """End it, and what the library left in shared memory: another process may get its number."""
    gateway.kill()
    if gateway.process:
        for left in Path("/dev/shm").glob(f"*faketime_s[eh]m_{gateway.pid}"):  # noqa: S108 (not ours)
            left.unlink(missing_ok=True)


async def jumps(chamber: Chamber) -> Finding:
    """Let the clock jump under load, and measure how late what waited is in the end."""
    rounds = chamber.pick(short=1, quick=1, full=4)
    gateway = Gateway(chamber.folder)
    calendar = MovedClock(gateway.home / "clock")
    gateway.env |= calendar.env
    crowd = Crowd(chamber.seed)
    load = Load(gateway, crowd)  # what all rounds said
    each = chamber.pick(short=6, quick=12, full=40)
    late = 0.0
    try:
        async with FaultServer() as store:
            with chamber.store() as settings:
                section = {"kind": "http", "url": store.url, "allow_private": True, "timeout": 2.0}
                gateway.settings = {"central": {"ministry": section}, "outbox": RETRIES, **settings}
                await gateway.start()
                for _ in range(rounds):
                    store.health = fault_server.status(500)
                    clients = Load(gateway, crowd)
                    await _round(gateway, clients, calendar, each)
                    load.messages |= clients.messages
                    load.acknowledged |= clients.acknowledged
                    store.health = None
                    late = max(late, await _until_held(store, load))
                calendar.set(0)
                troubles = await _accounts(gateway)
                await gateway.stop()
    finally:
        kill(gateway)
    wanted, held = _said(load), _held(store)
    lost, twice = (wanted - held).total(), (held - wanted).total()
    figure = (
        f"{rounds * len(JUMPS)} jumps: {lost} of {len(load.acknowledged):,} acknowledged lost, "
        f"{twice} twice; the last one waited {late:.0f} s after the clock was put right{troubles}"
    )
    passed = not (lost or twice or troubles) and late < LATE_SECONDS[chamber.size]
    return Finding(figure=figure, passed=passed and bool(wanted))


async def _round(gateway: Gateway, clients: Load, calendar: MovedClock, each: int) -> None:
    """All jumps once, some messages after each; at the end the clock is right."""
    async with clients.running(sms=2, mail=1):
        for seconds in JUMPS:
            calendar.set(seconds)
            await asyncio.sleep(NOTICED_SECONDS)
            await clients.acknowledgements(each)
        kill(gateway)
        await gateway.start()  # still ten years ahead
        await clients.acknowledgements(each)
        calendar.set(0)
        await asyncio.sleep(NOTICED_SECONDS)
        await clients.acknowledgements(each)


async def _until_held(store: FaultServer, load: Load) -> float:
    """Seconds until the store, which answers again, has everything."""
    began = time.monotonic()
    while _said(load) - _held(store) and time.monotonic() < began + PATIENCE:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    return time.monotonic() - began


async def _accounts(gateway: Gateway) -> str:
    """What verify and reconcile find wrong; nothing when all is well."""
    gateway.env.clear()  # the clock is right again, and these commands are another's
    deadline = time.monotonic() + PATIENCE
    while True:
        done = await gateway.command("reconcile", "--json")
        total = json.loads(done.stdout)["total"]
        if not total["pending"] or time.monotonic() > deadline:
            break
        await asyncio.sleep(0.2)
    verified = await gateway.command("verify")
    wrong = [] if verified.returncode == 0 else [f"; verify: {verified.stdout[-200:]}"]
    if done.returncode != 0 or total["pending"]:
        wrong.append(f"; reconcile: {total}")
    return "".join(wrong)


def _said(load: Load) -> Counter[str]:
    return Counter(message.text for message in load.messages.values())


def _held(store: FaultServer) -> Counter[str]:
    return Counter(json.loads(body)["data"]["text"].strip() for body in store.records.values())


CASES = (
    Case(number="R14", what="the clock jumps and jumps back", run=jumps, lacking=lacking_faketime),
)
