"""
R8: the central store in every weather: ill, away for a day, cut off, without a memory of keys.

Each line ends with the store in good health, and weighs what citizens had an "ok" for against what
the store holds then. Stores that never get well: weather_beside.py.
"""

import asyncio
import itertools
import random
from collections import Counter
from contextlib import AsyncExitStack
from email.utils import formatdate
from functools import partial

import fault_server as faults
from fault_server import Fault, FaultServer, Request, status
from gateway_process import Gateway
from ledger import rows, until_drained
from load import Crowd, Load
from ports import unused_port
from sms_gateway import SendApiPeer, serving

from forwarder.backoff import Policy
from torture.case import Case, Chamber, Finding
from torture.moved_clock import MovedClock, lacking_faketime
from torture.proxy import TROUBLES, FaultProxy
from torture.weighing import (
    QUICK,
    documents_in,
    finding,
    gateway_in,
    http_store,
    proven,
    receipts_of,
    telephones,
    text_of,
    texts_in,
    until,
    weigh,
)

YEAR = 365 * 24 * 3600
IN_FLIGHT = 8

#: What `Retry-After` may say. All that ask for longer than told_cap are cut to it.
TOLD = {
    "a second": "1",
    "a year": str(YEAR),
    "absurd": "9" * 400,
    "a date": formatdate(4_000_000_000, usegmt=True),
}
UNTOLD = {"negative": "-5", "a past date": "Thu, 01 Jan 1970 00:00:00 GMT", "words": "later"}

MOODS: dict[str, Fault] = {
    "error": status(500),
    "busy": status(503),
    "throttled": status(429),
    **{f"503, {name}": status(503, Retry_After=told) for name, told in (TOLD | UNTOLD).items()},
    **{f"429, {name}": status(429, Retry_After=told) for name, told in (TOLD | UNTOLD).items()},
    "garbage": faults.garbage,
    "half a JSON text": status(200, b'{"reference": "r'),
    "login page": status(200, b"<html>", Content_Type="text/html"),
    "redirect": status(307, Location="http://127.0.0.1:9/elsewhere"),
    "cut short": faults.cut,
    "reset": faults.reset,
    "silent": faults.silent,
    "drip": faults.drip,
    "gibibyte": faults.huge,
    "taken, answer lost": faults.lost,
    "taken, answer late": faults.late,
}


async def every_mood(chamber: Chamber) -> Finding:
    """Through errors, throttling, garbage and lost answers each record arrives once."""
    chance = random.Random(chamber.seed)  # noqa: S311 (a line that can be repeated)
    again = Told(chance)
    moods = [*MOODS.items()] * chamber.pick(short=1, quick=1, full=10)
    chance.shuffle(moods)
    async with FaultServer() as store, telephones() as (peer, channels):
        store.faults.extend(again.noted(name, fault) for name, fault in moods)
        sections = {"central": {"ministry": http_store(store.url)}, "channels": channels}
        # A pause lets through one at a time: here faults are to be met, not waited out.
        policy = {**QUICK, "in_flight": IN_FLIGHT, "threshold": len(moods)}
        async with gateway_in(chamber, **sections, outbox=policy) as gateway:
            load = Load(gateway, Crowd(chamber.seed))
            await gateway.start()
            async with load.running(sms=6, mail=2):
                await load.acknowledgements(chamber.pick(short=30, quick=60, full=1000))
            await until(lambda: not store.faults, "the store was not asked often enough")
            await until_drained(gateway)
            await gateway.stop()
            await proven(gateway, load)
    sms = sum(message.channel == "sms" for message in load.messages.values())
    receipts = receipts_of(peer)
    early = again.early(store)
    return finding(
        weigh(load, texts_in(store)),
        f"{receipts.total() - len(receipts)} of {sms} receipts twice",
        f"{len(moods)} faults of {len(MOODS)} kinds",
        f"at most {store.busiest} of {IN_FLIGHT} in flight",
        f"{early} attempts before the time told",
        _gaps(store),
        also=receipts == Counter(set(receipts))
        and len(receipts) == sms
        and {data["revision"] for data in documents_in(store)} == {1}
        and store.busiest <= IN_FLIGHT
        and not early,
    )


class Told:
    """Remembers when which push was asked to wait."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._told: list[tuple[str, float]] = []

    def noted(self, name: str, fault: Fault) -> Fault:
        """The same fault; what it asks for is remembered if it is more than told_cap."""
        if name.partition(", ")[2] not in TOLD:
            return fault

        async def noting(
            server: FaultServer, request: Request, writer: asyncio.StreamWriter
        ) -> None:
            self._told.append((request.key, request.at))
            await fault(server, request, writer)

        return noting

    def early(self, store: FaultServer) -> int:
        """How many pushes came back before the time was over that they were asked to wait."""
        return sum(
            any(
                asked.key == key and at < asked.at < at + QUICK["told_cap"]
                for asked in store.requests
            )
            for key, at in self._told
        )


def _gaps(store: FaultServer) -> str:
    """The times between two attempts at one record: half of them are left to chance."""
    attempts: dict[str, list[float]] = {}
    for request in store.requests:
        attempts.setdefault(request.key, []).append(request.at)
    gaps = [b - a for each in attempts.values() for a, b in itertools.pairwise(each)]
    return f"{min(gaps):.2f} to {max(gaps):.2f} s between attempts"


async def cut_off(chamber: Chamber) -> Finding:
    """A store that knows no keys is asked before anything is sent again."""
    chance = random.Random(chamber.seed)  # noqa: S311 (a line that can be repeated)
    troubles = [*TROUBLES] * chamber.pick(short=2, quick=5, full=100)
    chance.shuffle(troubles)
    taken: Counter[str] = Counter()

    async def forgetful(
        server: FaultServer, request: Request, writer: asyncio.StreamWriter
    ) -> None:
        """Every POST is a new record here, whatever its key."""
        if request.method == "POST":
            taken[request.key] += 1
        await faults.take(server, request, writer)

    async with FaultServer(health=forgetful) as store, FaultProxy(to=store.port) as proxy:
        proxy.troubles.extend(troubles)
        section = http_store(f"{proxy.url}/records", find_url=f"{proxy.url}/records/{{id}}")
        settings = {"central": {"ministry": section}, "outbox": dict(QUICK)}
        async with gateway_in(chamber, **settings) as gateway:
            load = Load(gateway, Crowd(chamber.seed))
            await gateway.start()
            async with load.running(sms=4, mail=2):
                await load.acknowledgements(chamber.pick(short=30, quick=60, full=1000))
            await until_drained(gateway)
            await gateway.stop()
            await proven(gateway, load)
    held: Counter[str] = Counter()
    for key, times in taken.items():
        held[text_of(store.records[key])] += times
    asked = sum(request.method == "GET" for request in store.requests)
    return finding(
        weigh(load, held),
        f"{proxy.met.total() - proxy.met['none']} exchanges spoilt in {len(TROUBLES)} ways",
        f"asked {asked} times whether a record is there",
        also=asked > 0,
    )


async def away_for_a_day(chamber: Chamber) -> Finding:
    """
    A store that is away for a day, while the clock is moved, hour by hour.

    For half of the day nobody listens, there and at the SMS provider; then the store says 503.
    """
    hours = chamber.pick(short=4, quick=8, full=24)
    each = chamber.pick(short=3, quick=6, full=40)
    clock, crowd = MovedClock(chamber.folder / "clock"), Crowd(chamber.seed)
    peer, port = SendApiPeer(), unused_port()
    channels = {"sms": {"send_url": f"http://127.0.0.1:{port}/send"}}
    async with FaultServer(health=status(503)) as store, AsyncExitStack() as later:
        await store.down()
        sections = {"central": {"ministry": http_store(store.url)}, "channels": channels}
        async with gateway_in(chamber, **sections) as gateway:
            gateway.env = clock.env
            load = Load(gateway, crowd)
            await gateway.start()
            for hour in range(hours):
                if hour == hours // 2:
                    await store.up()
                    await later.enter_async_context(serving(peer.routes(), port=port))
                await load.send(*(crowd.sms() for _ in range(each)))
                latest = _latest(gateway)
                clock.forward(24 * 3600 // hours)
                await until(partial(_later, gateway, latest), "nobody knocks")
            knocks, waiting = len(store.requests), _waiting(gateway)
            # Nobody's receipt waits for the store, and it names the code the store gets later.
            told = len(load.messages)
            await until(lambda: len(receipts_of(peer)) == told, "receipts wait for the store")
            store.health = None
            clock.forward(3600)
            await until_drained(gateway)
            await gateway.stop()
            gateway.env = {}
            await proven(gateway, load)
    receipts = receipts_of(peer)
    words = " ".join(form["text"] for _, _, form, _ in peer.asked)
    unheard = sum(str(data["case_code"]) not in words for data in documents_in(store))
    # After a pause one record knocks for all, and a pause is not over before its time.
    most = Policy().in_flight + 3 * hours
    return finding(
        weigh(load, texts_in(store)),
        f"{receipts.total() - len(receipts)} of {len(load.messages)} receipts twice",
        f"{waiting} records waited at the end of the day, {unheard} of their codes untold",
        f"{knocks} attempts in vain in half a day, at most {most} allowed",
        also=receipts == Counter(set(receipts))
        and len(receipts) == len(load.messages)
        and waiting > 0
        and not unheard
        and 0 < knocks <= most,
    )


def _latest(gateway: Gateway) -> int:
    """When the last of the records is due: each claim and each failure moves one ahead."""
    return int(rows(gateway, "select max(due) from outbox where kind = 'record'")[0][0] or 0)


def _later(gateway: Gateway, than: int) -> bool:
    return _latest(gateway) > than


def _waiting(gateway: Gateway) -> int:
    sql = "select count(*) from outbox where kind = 'record' and state <> 'delivered'"
    return int(rows(gateway, sql)[0][0])


CASES = (
    Case(number="R8", what="a central store in every mood", run=every_mood),
    Case(
        number="R8",
        what="a central store away for a day",
        run=away_for_a_day,
        lacking=lacking_faketime,
    ),
    Case(number="R8", what="a store that knows no keys, exchanges cut off", run=cut_off),
)
