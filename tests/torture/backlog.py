"""
R9: the central store was away for long; now it is back, and citizens go on writing meanwhile.

The backlog comes into the journal through its own door (bench/fill.py) and is read while another
program holds the central store's file, so that all of it waits in the outbox when that is over.
"""

import os
import sqlite3
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gateway_process import Gateway
from ledger import central, rows
from load import Crowd

from bench.fill import fill
from torture.case import Case, Chamber, Finding
from torture.standby import Timed
from torture.weighing import gateway_in, until

# A million takes the better part of an hour, which is asked for by name.
FULL = int(os.environ.get("LAPOR_TORTURE_BACKLOG", "100000"))
SLOWEST_A_SECOND = 50
# The bar, on a machine that does nothing else.
DRAINED_A_SECOND, ACK_SECONDS = 500, 1.0
WAITING = "select count(*) from outbox where kind = 'record' and state <> 'delivered'"
TWICE = "select count(*) - count(distinct record_id) from records"


async def drained(chamber: Chamber) -> Finding:
    """Everything that waited gets there once, and nobody who writes meanwhile waits for it."""
    backlog = chamber.pick(short=500, quick=5_000, full=FULL)
    patience = 120 + backlog / SLOWEST_A_SECOND
    # Nobody is told anything: with a provider the receipts would be the backlog.
    async with gateway_in(chamber) as gateway:
        await fill(gateway, backlog, settled=False)
        _make_central(gateway)
        load = Timed(gateway, Crowd(chamber.seed))
        began = time.monotonic()
        with _held(gateway.central_db):
            await gateway.start()
            await until(lambda: _waiting(gateway) >= backlog, "not all is read", patience)
            read = backlog / (time.monotonic() - began)
        began = time.monotonic()
        async with load.running(sms=2, mail=1):
            await until(lambda: _recorded(gateway) >= backlog, "it does not drain", patience)
            rate = backlog / (time.monotonic() - began)
        wanted = backlog + len(load.messages)
        await until(lambda: _recorded(gateway) >= wanted, "the last ones do not come", patience)
        await gateway.stop()
        acks = [end - began for began, end, is_ok in load.tries if is_ok]
        p99 = statistics.quantiles(acks, n=100)[98]
        twice = int(central(gateway, TWICE)[0][0])
        texts = Counter(text.strip() for (text,) in central(gateway, "select text from records"))
        lost = max(0, wanted - texts.total())
        lost += sum(message.text not in texts for message in load.messages.values())
    is_quick = rate > DRAINED_A_SECOND and p99 < ACK_SECONDS
    return Finding(
        figure=f"{lost} of {wanted:,} lost, {twice} twice; read at {read:,.0f}/s, "
        f"drained at {rate:,.0f}/s; meanwhile {len(acks)} acknowledgements, "
        f"p99 {p99 * 1000:.0f} ms",
        passed=not lost
        and not twice
        and texts.total() == wanted
        and (is_quick or chamber.size != "full"),
    )


def _make_central(gateway: Gateway) -> None:
    """An empty file that is the central store's, so that there is something to hold."""
    with closing(sqlite3.connect(gateway.central_db)) as database:
        database.execute("pragma journal_mode = wal")
    gateway.central_db.chmod(0o600)


@contextmanager
def _held(file: Path) -> Iterator[None]:
    with closing(sqlite3.connect(file, isolation_level=None, timeout=30)) as database:
        database.execute("begin immediate")
        yield
        database.execute("rollback")


def _waiting(gateway: Gateway) -> int:
    return int(rows(gateway, WAITING)[0][0])


def _recorded(gateway: Gateway) -> int:
    try:
        return int(central(gateway, "select count(*) from records")[0][0])
    except sqlite3.OperationalError:  # its tables are just being made
        return 0


CASES = (
    Case(
        number="R9",
        what="a backlog drains, and citizens go on",
        run=drained,
        sizes=frozenset({"quick", "full"}),
    ),
)
