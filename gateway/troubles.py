"""
What is wrong with whole channels: credentials refused, credit used up, provider away.

Kept in memory for metrics, and written down for whoever asks elsewhere: `lapor-gateway status`,
the console, another process of a cluster. Each process writes its own rows under its name; those
of a process that has died are shown no more, and go when the next one starts. Each change is
logged once. All SQL on the table `troubles`.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import structlog

from channels.contract import Trouble
from forwarder.ports import Database, Transaction

log = structlog.get_logger()

COLUMNS = ("owner", "channel", "kind", "detail", "since")
# Where there is no cluster nobody has a name, and whoever starts is the only one.
BEGIN = """
delete from troubles where :owner = '' or owner = '' or owner not in
    (select substr(name, 9) from leases where substr(name, 1, 8) = 'process ')
"""
CLEAR = "delete from troubles where owner = :owner"
KNOWN = """
select owner, channel, kind, detail, since from troubles where owner = '' or owner in
    (select substr(name, 9) from leases where substr(name, 1, 8) = 'process ')
order by channel, owner
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One channel's trouble, since when in milliseconds."""

    channel: str
    kind: Trouble
    detail: str
    since: int
    #: The process that says so; empty where there is only one.
    owner: str = ""


class Troubles:
    """What every channel of this process last said about itself."""

    def __init__(
        self,
        changed: Callable[[str, Trouble | None], None],
        clock: Callable[[], int],
        owner: str = "",
    ) -> None:
        """`owner` is this process's name in its cluster."""
        self._owner = owner
        self._changed = changed
        self._clock = clock
        self._notes: dict[str, Note] = {}
        self._news = asyncio.Event()
        #: Called with every change.
        self.watching: list[Callable[[], None]] = []

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
                channel=channel, kind=kind, detail=detail, since=self._clock(), owner=self._owner
            )
            log.warning("channel in trouble", channel=channel, trouble=kind, detail=detail)
        self._news.set()
        self._changed(channel, kind)
        for watching in self.watching:
            watching()

    def notes(self) -> list[Note]:
        """What is wrong now."""
        return list(self._notes.values())

    async def run(self, database: Database) -> None:
        """Write down what changes, until cancelled; what an earlier process wrote is over."""
        await database.write(lambda tx: tx.run(BEGIN, owner=self._owner))
        while True:
            self._news.clear()
            await database.write(partial(_write, owner=self._owner, notes=self.notes()))
            await self._news.wait()


def _write(tx: Transaction, *, owner: str, notes: Sequence[Note]) -> None:
    tx.run(CLEAR, owner=owner)
    rows = [(note.owner, note.channel, note.kind, note.detail, note.since) for note in notes]
    tx.insert("troubles", COLUMNS, rows)


def known(tx: Transaction) -> list[Note]:
    """What the processes that run last wrote down, by channel."""
    return [
        Note(owner=owner, channel=channel, kind=kind, detail=detail, since=since)
        for owner, channel, kind, detail, since in tx.all(KNOWN)
    ]
