"""
What is wrong with whole channels: credentials refused, credit used up, provider away.

Kept in memory for metrics and readiness, and written down for `lapor-gateway status`, which is
another process. Each change is logged once.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from channels.contract import Trouble
from forwarder.ports import Transaction

log = structlog.get_logger()

PUT = """
insert into troubles (channel, kind, detail, since) values (:channel, :kind, :detail, :since)
on conflict (channel) do update set kind = excluded.kind, detail = excluded.detail,
    since = excluded.since
"""
#: Set by a provider's own clock; it passes by itself.
PASSING = ("throttled",)


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
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._changed = changed
        self._clock = clock
        self._notes: dict[str, Note] = {}
        #: Channels whose row in the database is older than what is known here.
        self._unwritten: set[str] = set()

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
        self._unwritten.add(channel)
        self._changed(channel, kind)

    def notes(self) -> list[Note]:
        """What is wrong now."""
        return list(self._notes.values())

    @property
    def unwritten(self) -> bool:
        """Whether `write` has anything to do."""
        return bool(self._unwritten)

    def write(self, tx: Transaction) -> None:
        """Write down what changed since the last time."""
        while self._unwritten:
            channel = self._unwritten.pop()
            note = self._notes.get(channel)
            if note is None:
                tx.run("delete from troubles where channel = :channel", channel=channel)
            else:
                tx.run(
                    PUT,
                    channel=channel,
                    kind=note.kind,
                    detail=note.detail,
                    since=note.since,
                )


def known(tx: Transaction) -> list[Note]:
    """What the running gateway last wrote down."""
    rows = tx.all("select channel, kind, detail, since from troubles order by channel")
    return [Note(channel=row[0], kind=row[1], detail=row[2], since=row[3]) for row in rows]
