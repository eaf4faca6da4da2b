"""
Messages that come in parts: which journal rows make one message, and when to stop waiting.

Parts wait in the journal itself (`work.state = 'waiting'`), so a crash forgets none. They meet by
sender, reference and total; providers reuse references, so only rows that wait, or that became a
record a short while ago and lack just this part, belong together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from channels.contract import InboundMessage, Part
from forwarder.ports import Transaction
from gateway.reading import Opened, Reader
from gateway.work import Claimed, batch_of, load, members_of
from normalizer.dialog import complete, join


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A whole message and the journal rows it came in; the first one names the record."""

    row: Claimed
    message: InboundMessage
    lane: str
    #: The other journal rows it was made of.
    joined: tuple[int, ...] = ()
    batch: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartSeen:
    """A part that just arrived, or one whose time to wait is over."""

    row: Claimed
    message: InboundMessage
    part: Part
    lane: str

    @property
    def batch(self) -> str:
        """What the parts of one message have in common."""
        return f"{self.row.channel} {self.lane} {self.part.reference} {self.part.total}"


def gather(tx: Transaction, seen: Sequence[PartSeen], *, since: int) -> dict[int, list[Claimed]]:
    """For each part the rows it may belong to, itself and its like among `seen` included."""
    return {part.row.id: _companions(tx, part, seen, since) for part in seen}


def assemble(
    reader: Reader, seen: Sequence[PartSeen], rows: dict[int, list[Claimed]]
) -> list[Ready]:
    """The messages that are whole now, or that have waited long enough."""
    made: dict[int, Ready] = {}
    for part in seen:
        group = _group(part, reader.read(rows[part.row.id]))
        parts = [opened.said for opened in group if isinstance(opened.said, InboundMessage)]
        over = part.row.state == "waiting" or any(opened.row.record_id for opened in group)
        if complete(parts) or over:
            first = group[0].row
            made[first.id] = Ready(
                row=first,
                message=join(parts),
                lane=part.lane,
                joined=tuple(opened.row.id for opened in group[1:]),
                batch=part.batch,
            )
    return list(made.values())


def _companions(
    tx: Transaction, part: PartSeen, seen: Sequence[PartSeen], since: int
) -> list[Claimed]:
    if part.row.record_id:  # run again: what made the record then makes it now
        return load(tx, members_of(tx, part.row.record_id))
    ids = {other.row.id for other in seen if other.batch == part.batch}
    ids |= {id_ for id_, _, _ in batch_of(tx, part.batch, since=since)}
    return load(tx, sorted(ids))


def _group(part: PartSeen, rows: Sequence[Opened]) -> list[Opened]:
    """The rows of this part's own message: earlier ones only if they still lack this part."""
    if part.row.record_id:
        return list(rows)
    recorded = [row for row in rows if row.row.record_id and row.row.id != part.row.id]
    waiting = [row for row in rows if not row.row.record_id]
    newest = recorded[-1].row.record_id if recorded else None
    earlier = [row for row in recorded if row.row.record_id == newest]
    if earlier and all(_fits(part, row) for row in earlier):
        return [*earlier, *(row for row in waiting if row.row.id == part.row.id)]
    return _one_of_each(part, [row for row in waiting if _fits(part, row)])


def _one_of_each(part: PartSeen, rows: Sequence[Opened]) -> list[Opened]:
    """Of two rows that claim one number with different words, the second waits for its own."""
    texts = {part.part.number: part.message.text}
    kept = []
    for row in rows:
        said = row.said
        if not isinstance(said, InboundMessage) or said.part is None:
            continue
        if texts.setdefault(said.part.number, said.text) == said.text:
            kept.append(row)
    return kept


def _fits(part: PartSeen, other: Opened) -> bool:
    """Another number, or the very same words again: nothing that would be overwritten."""
    if not isinstance(other.said, InboundMessage) or other.said.part is None:
        return False
    return other.said.part.number != part.part.number or other.said.text == part.message.text
