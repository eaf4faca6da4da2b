"""
The accounts of the sixth promise for the page: counted beside it, message by message.

A page shows the last count with its time, and orders a new one where that is old; nobody waits.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from forwarder import ledger
from forwarder.ports import Database
from gateway.reconcile import Account, reconcile, total
from gateway.store import StoreError

log = structlog.get_logger()

#: So old may a count be before another is ordered.
FRESH_MS = 300_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The accounts as of a moment."""

    at: int
    whole: Account
    #: One for each channel and day, newest first.
    days: Sequence[Account]
    #: How many records each store has taken.
    delivered: Mapping[str, int]


class Accounts:
    """Counts when somebody looks and the last count is old."""

    def __init__(
        self, database: Database, clock: Callable[[], int], changed: Callable[[], None]
    ) -> None:
        self._database = database
        self._clock = clock
        self._changed = changed
        self._counted: Counted | None = None
        self._counting: asyncio.Task[None] | None = None

    def latest(self) -> Counted | None:
        """The last count; None while the first one is made."""
        old = self._counted is None or self._clock() - self._counted.at > FRESH_MS
        if old and (self._counting is None or self._counting.done()):
            self._counting = asyncio.get_running_loop().create_task(self.count())
        return self._counted

    async def count(self) -> None:
        """Look at every message."""
        at = self._clock()
        try:
            days, sums = await self._database.read(lambda tx: (reconcile(tx), ledger.sums(tx)))
        except StoreError:
            log.warning("accounts not counted")
            return
        delivered = {store: states.get("delivered", 0) for store, states in sums.items()}
        self._counted = Counted(at=at, whole=total(days), days=days, delivered=delivered)
        self._changed()
