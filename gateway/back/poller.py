"""
Asking a store what happened to cases, on one machine of a cluster at a time.

A page and the cursor behind it are written in one transaction, only while the lease is ours: after
a crash the same page is asked for again, and what is known stands in the timeline already.
"""

import asyncio
from collections.abc import Callable
from functools import partial

import structlog

from channels.contract import Cursor, TryLater
from forwarder.backoff import Policy, wait_after
from forwarder.central.contract import Central
from forwarder.outbox import CENTRAL
from forwarder.ports import Database, Transaction
from forwarder.update import Page
from gateway import cursors, leases
from gateway.back.take import Taken, Taker

log = structlog.get_logger()

# A store that has not answered by then will be asked again.
ASKING_SECONDS = 60.0
# The wait until the next turn varies by so much, so that stores are not all asked at once.
SPREAD = 0.1
CURSOR = "updates"


class Poller:
    """Asks one store while `run` runs."""

    def __init__(  # noqa: PLR0913 (the composition root names each)
        self,
        central: Central,
        *,
        database: Database,
        taker: Taker,
        policy: Policy,
        clock: Callable[[], int],
        jitter: Callable[[], float],
        owner: str,
        told: Callable[[str, Taken], None],
    ) -> None:
        self._central = central
        self._database = database
        self._taker = taker
        self._policy = policy
        self._clock = clock
        self._jitter = jitter
        self._owner = owner
        self._told = told
        self._failures = 0
        self.name = f"updates {central.name}"

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:  # noqa: ASYNC110 (a store is asked by the clock)
            await asyncio.sleep(await self.turn())

    async def turn(self) -> float:
        """Ask once; seconds until the next time."""
        every = self._central.poll_every or ASKING_SECONDS
        epoch, cursor = await self._database.write(self._begin)
        if epoch is None:
            return every
        async with asyncio.timeout(ASKING_SECONDS):
            page = await self._central.poll(cursor)
        if isinstance(page, TryLater):
            self._failures += 1
            wait = wait_after(self._policy, self._failures, self._jitter(), page.wait)
            log.warning("store not asked", store=self._central.name, again_in=round(wait))
            return max(wait, every)
        self._failures = 0
        taken = await self._database.write(partial(self._put_down, page=page, epoch=epoch))
        if taken is None:
            log.warning("another machine asks this store now", store=self._central.name)
            return every
        self._told(self._central.name, taken)
        return 0.0 if page.more else every * (1 + SPREAD * (2 * self._jitter() - 1))

    def _begin(self, tx: Transaction) -> tuple[int | None, str]:
        """The lease, and how far we have read."""
        now = self._clock()
        longest = 2 * (self._central.poll_every or 0) + 2 * ASKING_SECONDS
        until = now + int(1000 * longest)
        epoch = leases.take(tx, self.name, self._owner, now=now, until=until)
        if epoch is None:
            return None, ""
        return epoch, cursors.of(tx, self._channel).get(CURSOR, "")

    def _put_down(self, tx: Transaction, *, page: Page, epoch: int) -> Taken | None:
        if not leases.held(tx, self.name, self._owner, epoch):
            return None
        now = self._clock()
        taken = self._taker.take(tx, self._central.name, page.updates, now)
        cursor = Cursor(name=CURSOR, value=page.cursor)
        cursors.move(tx, channel=self._channel, cursor=cursor, now=now)
        return taken

    @property
    def _channel(self) -> str:
        return f"{CENTRAL}{self._central.name}"
