"""
What one process of a cluster does at a time: run while it leads, write while it still does.

A page that was asked for, or a count that was begun, under an earlier lead is not written.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from forwarder.ports import Database, Transaction
from gateway.cluster import ALONE, Lead
from gateway.leases import Superseded

T = TypeVar("T")

GLANCE_SECONDS = 0.25


class Led:
    """A database that takes writes only of the process that leads."""

    def __init__(self, database: Database, lead: Lead) -> None:
        self._database = database
        self._lead = lead

    async def write(self, work: Callable[[Transaction], T], /) -> T:
        """As `Database`; raises Superseded where another process leads."""
        lead, epoch = self._lead, self._lead.epoch
        if epoch is None:
            raise Superseded

        def fenced(tx: Transaction) -> T:
            if not lead.holds(tx, epoch):
                raise Superseded
            return work(tx)

        return await self._database.write(fenced)

    async def read(self, work: Callable[[Transaction], T], /) -> T:
        """As `Database`."""
        return await self._database.read(work)


async def while_leading(lead: Lead, run: Callable[[], Awaitable[None]]) -> None:
    """Run from the beginning each time this process comes to lead; return when it returns."""
    if lead is ALONE:
        await run()
        return
    while True:
        while (epoch := lead.epoch) is None:  # noqa: ASYNC110 (it also ends by the clock)
            await asyncio.sleep(GLANCE_SECONDS)
        if await _run(lead, epoch, run):
            return


async def _run(lead: Lead, epoch: int, run: Callable[[], Awaitable[None]]) -> bool:
    """Whether it came to its own end."""
    working = asyncio.ensure_future(run())
    try:
        while lead.epoch == epoch:
            ended, _ = await asyncio.wait({working}, timeout=GLANCE_SECONDS)
            if ended:
                await working
                return True
    except Superseded:
        await asyncio.sleep(GLANCE_SECONDS)
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    return False
