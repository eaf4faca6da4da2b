"""
Where the monitor's items come from: signals, and reports that everybody can read.

A source tells what there is with a stamp that changes whenever an item must be read again, which is
cheap to ask, and reads the items that are asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from forwarder.ports import Database, Transaction, Vault
from gateway import signals
from gateway.craft import Craft
from gateway.monitor import mentions
from gateway.monitor.glance import Glance
from gateway.monitor.item import Item
from gateway.signals import Seen, Stamp
from gateway.workshop import Workshop
from normalizer.record import Record

#: What is kept of a text: an article goes on, and everybody can read it where it stands.
_MOST_TEXT = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What sources work with."""

    database: Database
    vault: Vault
    workshop: Workshop


class Source(Protocol):
    """A kind of items."""

    async def stamps(self, *, since: int, limit: int, known: Sequence[str]) -> Mapping[str, object]:
        """What there is since then, the newest `limit` of it, and of `known` ones, by name."""

    async def read(self, names: Sequence[str]) -> list[Item]:
        """These items, oldest first; what is nobody's to see is left out."""


class Signals:
    """What was found by rules and feeds."""

    def __init__(self, around: Around) -> None:
        self._around = around

    async def stamps(
        self,
        *,
        since: int,
        limit: int,
        known: Sequence[str],  # noqa: ARG002 (they are among all of them)
    ) -> Mapping[str, object]:
        """All of them each time: the table is small, and old ones change as well."""
        asked = partial(signals.stamps, since=since, limit=limit)
        found = await self._around.database.read(asked)
        return {f"s{number}": stamp for number, stamp in found.items()}

    async def read(self, names: Sequence[str]) -> list[Item]:
        """Signals with what they tell of."""
        ids = sorted(int(name[1:]) for name in names)

        def load(tx: Transaction) -> list[tuple[Seen, Stamp]]:
            return signals.some(tx, self._around.vault, ids)

        seen = await self._around.database.read(load)
        said = [one.signal for one, _ in seen]
        glances = await self._around.workshop.run(Craft.glance, said)
        made = [_of_signal(*one, glance) for one, glance in zip(seen, glances, strict=True)]
        return sorted(made, key=lambda item: item.at)


class Mentions:
    """Posts that name us and comments below ours, which are reports by themselves."""

    def __init__(self, around: Around) -> None:
        self._around = around

    async def stamps(self, *, since: int, limit: int, known: Sequence[str]) -> Mapping[str, object]:
        """Their revisions."""
        ids = [name[1:] for name in known]
        asked = partial(mentions.stamps, since=since, limit=limit, known=ids)
        found = await self._around.database.read(asked)
        return {f"r{record_id}": revision for record_id, revision in found.items()}

    async def read(self, names: Sequence[str]) -> list[Item]:
        """Those that everybody can read."""
        ids = [name[1:] for name in names]

        def load(tx: Transaction) -> list[tuple[str, Record]]:
            return mentions.some(tx, self._around.vault, ids)

        found = await self._around.database.read(load)
        public = [(lane, record) for lane, record in found if mentions.is_public(record)]
        glances = await self._around.workshop.run(Craft.regard, [record for _, record in public])
        made = [_of_record(*one, glance) for one, glance in zip(public, glances, strict=True)]
        return sorted(made, key=lambda item: item.at)


def _of_signal(seen: Seen, stamp: Stamp, glance: Glance) -> Item:
    signal = seen.signal
    return Item(
        name=f"s{seen.id}",
        channel=seen.channel,
        source=signal.source,
        at=seen.received_at,
        posted_at=signal.posted_at,
        sender=(signal.author or signal.source).casefold(),
        author=signal.author,
        title=signal.title,
        text=signal.text[:_MOST_TEXT],
        # Links come from outside: "javascript:" must never stand behind one.
        url=signal.url if signal.url.startswith(("https://", "http://")) else "",
        seen=glance,
        record_id=stamp[0],
        hidden=stamp[1],
    )


def _of_record(lane: str, record: Record, glance: Glance) -> Item:
    url = record.source_url or ""
    return Item(
        name=f"r{record.record_id}",
        channel=record.channel,
        source="",
        at=int(record.received_at.timestamp() * 1000),
        posted_at=record.sent_at,
        sender=lane,
        title="",
        text=record.text[:_MOST_TEXT],
        url=url if url.startswith(("https://", "http://")) else "",
        seen=glance,
        agency=record.agency.value,
        case_code=record.case_code,
        record_id=record.record_id,
    )
