"""
One process among the others on a PostgreSQL: which leases it holds, and who of them has died.

Every few seconds it renews what it holds and takes what nobody holds any more, in one short
transaction and by the database's clock. By its own clock it counts from before it asked, so a
process that was frozen, or has lost the database, stops by itself; what it began before is refused
by the epoch, in the transaction that would write it (`Lead.holds`). On SQLite there is one process,
which leads everything and asks nobody.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import structlog

from forwarder.ports import Database, Transaction
from gateway import leases
from gateway.store import StoreError

log = structlog.get_logger()

LEASE_SECONDS = 10.0
BEAT_SECONDS = 2.0
# Whose beats come so late has lost the database for a while, and so may the others have.
LATE_SECONDS = 5.0
LEAVING_SECONDS = 3.0


class Lead(Protocol):
    """A lease as its user sees it."""

    @property
    def epoch(self) -> int | None:
        """Which time it is that somebody leads, where it is us; None where it is not."""

    def holds(self, tx: Transaction, epoch: int) -> bool:
        """Whether that time still goes on; asked in the transaction that depends on it."""


class Alone:
    """The lead of a process that is the only one."""

    epoch = 0

    def holds(self, tx: Transaction, epoch: int) -> bool:
        """Yes."""
        del tx, epoch
        return True


ALONE = Alone()


class Leading:
    """One lease of a cluster."""

    def __init__(self, cluster: "Cluster", name: str) -> None:
        self._cluster = cluster
        self.name = name

    @property
    def epoch(self) -> int | None:
        """As `Lead` says."""
        return self._cluster.epoch(self.name)

    def holds(self, tx: Transaction, epoch: int) -> bool:
        """As `Lead` says."""
        return leases.held(tx, self.name, self._cluster.node, epoch)


class Cluster:
    """The leases of one process."""

    def __init__(
        self,
        database: Database,
        node: str,
        *,
        buried: Callable[[Transaction, str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`buried` gives back what a dead process held, in the transaction that forgets it."""
        self._database = database
        self.node = node
        self._buried = buried
        self._clock = clock
        self._process = leases.PROCESS + node
        #: Every lease we want, with its epoch and until when it is ours where we have it.
        self._wanted: dict[str, tuple[int, float] | None] = {self._process: None}
        #: The journal's chain that is ours to write.
        self.chain = 0
        #: Since when every beat has come through in time: others had the same chance.
        self._well_since = clock()
        self._last = clock()
        #: Called when the chain has become another one.
        self.moved: Callable[[int], None] = lambda _: None

    def want(self, *names: str) -> None:
        """Try to get these leases from now on."""
        self._wanted |= dict.fromkeys(names)

    def epoch(self, name: str) -> int | None:
        """The epoch of a lease we hold by our own clock, or None."""
        known = self._wanted.get(name)
        return known[0] if known and self._clock() < known[1] else None

    def standing(self) -> bool:
        """Whether the others take us for alive, as far as we know."""
        return self.epoch(self._process) is not None

    def others(self, tx: Transaction) -> Sequence[str]:
        """Every other process that is not known to be dead."""
        return leases.others(tx, self.node)

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            try:
                await self.beat()
            except (StoreError, leases.Superseded) as exc:
                log.warning("leases not renewed", error=type(exc).__name__)
            await asyncio.sleep(BEAT_SECONDS)

    async def beat(self) -> None:
        """Renew, take what is free, and give back what the dead held."""
        asked, chain = self._clock(), self.chain
        if asked - self._last > LATE_SECONDS:
            self._well_since = asked
        self._last = asked
        patient = asked - self._well_since >= LEASE_SECONDS
        epochs, self.chain, dead = await self._database.write(partial(self._renew, patient=patient))
        for node in dead:
            log.warning("another process has died", node=node)
        for name in self._wanted:
            self._note(name, epochs.get(name), asked + LEASE_SECONDS)
        if self.chain != chain:
            self.moved(self.chain)

    def _renew(self, tx: Transaction, *, patient: bool) -> tuple[dict[str, int], int, list[str]]:
        dead = leases.ended(tx, self.node) if patient else []
        for node in dead:
            self._buried(tx, node)
            leases.bury(tx, node)
        held = {name for name, known in self._wanted.items() if known}
        ms = int(LEASE_SECONDS * 1000)
        leases.make(tx, sorted(self._wanted.keys() - held))
        epochs = leases.gather(tx, self._wanted, self.node, held=held, ms=ms)
        mine = leases.chain(tx, self.node, held={f"{leases.CHAIN}{self.chain}"}, ms=ms)
        return epochs, mine, dead

    def _note(self, name: str, epoch: int | None, until: float) -> None:
        before = self.epoch(name)
        if epoch is not None:
            self._wanted[name] = (epoch, until)
        elif before is None:
            self._wanted[name] = None
        if self.epoch(name) != before and name != self._process:
            log.info("lease taken" if epoch is not None else "lease lost", lease=name, epoch=epoch)

    async def leave(self) -> None:
        """Give everything back, so that nobody waits for it to end."""
        left = asyncio.ensure_future(self._database.write(lambda tx: leases.leave(tx, self.node)))
        # Shielded: a commit is never cancelled.
        try:
            async with asyncio.timeout(LEAVING_SECONDS):
                await asyncio.shield(left)
        except (StoreError, TimeoutError):
            left.add_done_callback(lambda done: done.cancelled() or done.exception())
            log.warning("leases not given back")


def lead(cluster: Cluster | None, name: str) -> Lead:
    """A lease, ours at times where the process wants it, and always where there is no cluster."""
    return Leading(cluster, name) if cluster else ALONE
