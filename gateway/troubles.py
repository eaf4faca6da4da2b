"""
What is wrong with whole channels: credentials refused, credit used up, provider away.

Kept in memory for metrics and readiness, and written down for `lapor-gateway status`, which is
another process. Each change is logged once.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import structlog

from channels.contract import Trouble
from forwarder.ports import Database, Transaction

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One channel's trouble, since when in milliseconds."""

    channel: str
    kind: Trouble
    detail: str
    since: int


class Troubles:
    """What every channel of this process last said about itself."""

    def __init__(
        self,
        changed: Callable[[str, Trouble | None], None],
        clock: Callable[[], int],
    ) -> None:
        self._changed = changed
        self._clock = clock
        self._notes: dict[str, Note] = {}
        self._news = asyncio.Event()

    def note(self, channel: str, kind: Trouble | None, detail: str = "") -> None:
        """A channel is in trouble, or well again; hearing the same twice changes nothing."""
        before = self._notes.get(channel)
        if (before.kind if before else None) == kind:
            return
        if kind is None:
            self._notes.pop(channel, None)
            log.info("channel well again", channel=channel)
        else:
            self._notes[channel] = Note(
                channel=channel, kind=kind, detail=detail, since=self._clock()
            )
            log.warning("channel in trouble", channel=channel, trouble=kind, detail=detail)
        self._news.set()
        self._changed(channel, kind)

    def notes(self) -> list[Note]:
        """What is wrong now."""
        return list(self._notes.values())

    async def run(self, database: Database) -> None:
        """Write down what changes, until cancelled; what an earlier process wrote is over."""
        await database.write(lambda tx: tx.run("delete from troubles"))
        while True:
            await self._news.wait()
            self._news.clear()
            await database.write(partial(_write, notes=self.notes()))


def _write(tx: Transaction, notes: Sequence[Note]) -> None:
    tx.run("delete from troubles")
    columns = ("channel", "kind", "detail", "since")
    tx.insert("troubles", columns, [(n.channel, n.kind, n.detail, n.since) for n in notes])


def known(tx: Transaction) -> list[Note]:
    """What the running gateway last wrote down."""
    rows = tx.all("select channel, kind, detail, since from troubles order by channel")
    return [Note(channel=row[0], kind=row[1], detail=row[2], since=row[3]) for row in rows]
