"""
R8 and S15: one store in good health beside others that never take anything, or must not get it.

All have the same records to get. What the good one holds is weighed while the others are still ill:
nobody is held up by a neighbour. The forbidden ones are watched: not a single request may come.
"""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from functools import partial

import fault_server as faults
from fault_server import Fault, FaultServer, Request, status
from ledger import rows
from load import Crowd, Load

from forwarder.backoff import Policy
from torture.case import Case, Chamber, Finding
from torture.certificates import AUTHORITY, NAMES, authority, careless, tls_of
from torture.weighing import (
    finding,
    gateway_in,
    http_store,
    memory_of,
    telephones,
    text_of,
    texts_in,
    until,
    weigh,
)

MIB_MORE = 96
# Every fifth record is one that the picky store refuses for what it is.
PICKY = "8"
STUCK = "select state, count(*) from outbox where target = ? group by state"


async def beside(chamber: Chamber) -> Finding:
    """A store that hangs, pours a gibibyte, redirects or refuses holds up nobody but itself."""
    slow_seconds = chamber.pick(short=1.0, quick=2.0, full=20.0)
    async with AsyncExitStack() as stack, telephones() as (_, channels):
        open_ = stack.enter_async_context
        good, elsewhere = await open_(FaultServer()), await open_(FaultServer())
        ill = {
            "hangs": await open_(FaultServer(health=faults.silent)),
            "pours": await open_(FaultServer(health=faults.huge)),
            "babbles": await open_(FaultServer(health=faults.garbage)),
            "moved": await open_(FaultServer(health=_moved(elsewhere))),
            "hostile": await open_(FaultServer(health=status(301, Location="http://169.254.1.1/"))),
        }
        slow = await open_(FaultServer(health=partial(_slow, slow_seconds)))
        picky = await open_(FaultServer(health=_picky))
        central = {name: http_store(server.url) for name, server in ill.items()}
        central["hangs"]["timeout"] = 30.0
        central |= {
            "good": http_store(good.url),
            "slow": http_store(slow.url, timeout=30.0),
            "picky": http_store(picky.url),
            "private": {"kind": "http", "url": elsewhere.url},
        }
        gateway = await open_(gateway_in(chamber, central=central, channels=channels))
        load = Load(gateway, Crowd(chamber.seed))
        await gateway.start()
        before = memory_of(gateway.pid)
        async with load.running(sms=4, mail=2):
            await load.acknowledgements(chamber.pick(short=25, quick=40, full=500))
        wanted = Counter(message.text for message in load.messages.values())
        fine = Counter({text: 1 for text in wanted if PICKY not in text.split()[-1]})
        await until(lambda: texts_in(good) >= wanted, "the good store waits for the ill ones")
        await until(lambda: texts_in(slow) >= wanted, "the slow store does not get there")
        await until(lambda: texts_in(picky) >= fine, "one bad record holds up the others")
        weighed = weigh(load, texts_in(good))
        more = memory_of(gateway.pid, "VmHWM") - before
        taken = sum(len(server.records) for server in ill.values())
        strayed = len(elsewhere.requests)
        for server in ill.values():
            server.health = None
        await until(lambda: all(texts_in(one) >= wanted for one in ill.values()), "not caught up")
        refused = dict(rows(gateway, STUCK, "central:picky")).get("parked", 0)
        private = dict(rows(gateway, STUCK, "central:private")).get("pending", 0)
        await gateway.stop()
    twice = sum((texts_in(one) - wanted).total() for one in (slow, *ill.values()))
    return finding(
        weighed,
        f"{len(ill)} ill stores beside it took {taken} and {twice} twice, then caught up",
        f"{strayed} requests went where a redirect or a private address led",
        f"{refused} refused records parked alone",
        f"{more} MiB more at the most, {MIB_MORE} allowed",
        f"at most {slow.busiest} of {Policy().in_flight} in flight at the slow one",
        also=not (taken or twice or strayed)
        and refused == (wanted - fine).total()
        and private == wanted.total()
        and more <= MIB_MORE
        and slow.busiest <= Policy().in_flight,
    )


def _moved(elsewhere: FaultServer) -> Fault:
    """Redirects to another host; each in another way of saying so."""
    ways = (301, 302, 303, 307, 308)
    asked = 0

    async def fault(server: FaultServer, request: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        where = elsewhere.url.replace("127.0.0.1", ("localhost", "[::ffff:127.0.0.1]")[asked % 2])
        await status(ways[asked % len(ways)], Location=where)(server, request, writer)

    return fault


async def _slow(
    seconds: float, server: FaultServer, request: Request, writer: asyncio.StreamWriter
) -> None:
    await asyncio.sleep(seconds)
    await faults.take(server, request, writer)


async def _picky(server: FaultServer, request: Request, writer: asyncio.StreamWriter) -> None:
    if PICKY in text_of(request.body).split()[-1]:
        await status(422)(server, request, writer)
    else:
        await faults.take(server, request, writer)


async def bad_certificates(chamber: Chamber) -> Finding:
    """Expired, of another host, self-signed, of an old TLS, or behind a redirect without TLS."""
    folder = chamber.folder / "certificates"
    authority(folder)
    async with AsyncExitStack() as stack, telephones() as (_, channels):
        open_ = stack.enter_async_context
        plain = await open_(FaultServer())
        stores = {name: await open_(FaultServer(tls=tls_of(folder, name))) for name in NAMES}
        downgrade = await open_(FaultServer(tls=tls_of(folder, "good")))
        downgrade.health = status(302, Location=plain.url)
        trusted = str(folder / AUTHORITY)
        central = {
            name.replace(" ", "-"): http_store(server.url, ca_file=trusted, timeout=10.0)
            for name, server in (stores | {"downgrade": downgrade}).items()
        }
        gateway = await open_(gateway_in(chamber, central=central, channels=channels))
        load = Load(gateway, Crowd(chamber.seed))
        await gateway.start()
        async with load.running(sms=2, mail=1):
            await load.acknowledgements(chamber.pick(short=8, quick=20, full=200))
        wanted = Counter(message.text for message in load.messages.values())
        await until(lambda: texts_in(stores["good"]) >= wanted, "the good store gets nothing")
        await until(lambda: bool(downgrade.requests), "nobody asked the store that redirects")
        weighed = weigh(load, texts_in(stores["good"]))
        bad = [server for name, server in stores.items() if name != "good"]
        heard = sum(len(server.requests) for server in (*bad, plain))
        # They are there and would talk to whoever does not look.
        reached = sum([await careless(server.port) for server in bad])
        await gateway.stop()
    return finding(
        weighed,
        f"{heard} records told to {len(bad)} stores with a bad certificate and one without any",
        f"{reached} of them talk to a client that does not look",
        also=not heard and reached == len(bad),
    )


CASES = (
    Case(
        number="R8",
        what="a good store beside others that are ill",
        run=beside,
    ),
    Case(
        number="S15",
        what="central stores with bad certificates",
        run=bad_certificates,
    ),
)
