"""
Keeps an eye on deadlines while the gateway runs: new reports, changed cases, what has come due.

Escalations are told by the log and the metrics, and stay in their table for the console.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial

import structlog

from forwarder.ports import Database, Vault
from gateway import due
from normalizer.deadlines import Clock

log = structlog.get_logger()

LOOK_SECONDS = 60.0
# A report may be committed a while after it was received: a part of a long SMS that never comes.
OVERLAP_MS = 3_600_000
# Looked through whole so often, for what was parked for days and then made a record.
WHOLE_SECONDS = 6 * 3_600.0


class Deadlines:
    """Looks now and then."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        clock: Clock,
        *,
        now: Callable[[], int],
        told: Callable[[Mapping[tuple[str, str], int]], None],
    ) -> None:
        """`told` hears how many cases stand how: by step, and at_risk or overdue."""
        self._database = database
        self._vault = vault
        self._clock = clock
        self._now = now
        self._told = told
        self._since = 0
        self._whole_at = 0.0

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Take up what is new, follow what changed, tell what has come due."""
        now, seconds = self._now(), asyncio.get_running_loop().time()
        whole = seconds >= self._whole_at
        await self._take_up((0 if whole else self._since, ""), now)
        # Only now: what a look that failed did not reach is looked at by the next one.
        self._since = now - OVERLAP_MS
        if whole:
            self._whole_at = seconds + WHOLE_SECONDS
        await self._follow(now)
        for one in await self._database.write(partial(due.escalate, now=now)):
            log.warning("deadline", case=one.record_id, step=one.step, stands=one.level)
        standing = await self._database.read(partial(due.counts, since=now, now=now))
        totals = Counter[tuple[str, str]]()
        for count in standing:
            totals[count.step, "at_risk"] += count.at_risk
            totals[count.step, "overdue"] += count.overdue
        self._told(totals)

    async def _take_up(self, after: due.Place | None, now: int) -> None:
        """Give new reports their rows: worked out beside the writer, for whom others wait."""
        while after is not None:
            find = partial(due.new, vault=self._vault, clock=self._clock, after=after, now=now)
            rows, after = await self._database.read(find)
            if rows:
                await self._database.write(partial(due.begin, rows=rows))

    async def _follow(self, now: int) -> None:
        """Look again at what changed; found beside the writer too, in all open cases."""
        # None is found twice: each is brought up to date, or ended.
        while rows := await self._database.read(due.changed):
            follow = partial(due.follow, vault=self._vault, clock=self._clock, rows=rows, now=now)
            await self._database.write(follow)
