"""
Messages that come in pieces: which journal rows make one message, and when to stop waiting.

Parts of a long SMS and pictures of an album are pieces. They wait in the journal itself
(`work.state = 'waiting'`), so a crash forgets none. Parts meet by sender, reference and total;
providers reuse references, so only rows that wait, or that became a record a short while ago and
lack just this part, belong together. Of an album nobody tells how many pictures it has: it is whole
when none came for a moment, and a late one joins it.
"""

from collections.abc import Sequence

import msgspec

from channels.contract import InboundMessage, Part
from forwarder.ports import Transaction
from gateway.reading import Opened, Reader
from gateway.work import Claimed, batch_of, load, members_of
from normalizer.dialog_parts import complete, merge


class Ready(msgspec.Struct, frozen=True):
    """A whole message and the journal rows it came in; the first one names the record."""

    row: Claimed
    message: InboundMessage
    lane: str
    #: The other journal rows it was made of.
    joined: tuple[int, ...] = ()
    batch: str | None = None
    #: The record some of these rows have become already.
    record_id: str | None = None

    @property
    def ids(self) -> tuple[int, ...]:
        """Every journal row it came in."""
        return (self.row.id, *self.joined)


class PartSeen(msgspec.Struct, frozen=True):
    """A piece that just arrived, or one whose time to wait is over."""

    row: Claimed
    message: InboundMessage
    #: None: a picture of an album.
    part: Part | None
    lane: str
    #: What the pieces of one message have in common: `batch_words`, hashed with a key, because a
    #: row of an anonymous report must not tell its sender's pseudonym.
    batch: str


def batch_words(channel: str, lane: str, message: InboundMessage) -> tuple[str, ...]:
    """What the pieces of one message have in common."""
    if message.part is None:
        return (channel, lane, "album", message.album)
    return (channel, lane, message.part.reference, str(message.part.total))


def is_piece(message: InboundMessage) -> bool:
    """Whether others belong to it; a correction of it comes alone."""
    return message.part is not None or bool(message.album and not message.edits)


def gather(tx: Transaction, seen: Sequence[PartSeen], *, since: int) -> dict[int, list[Claimed]]:
    """For each part the rows it may belong to, itself and its like among `seen` included."""
    return {part.row.id: _companions(tx, part, seen, since) for part in seen}


def assemble(
    reader: Reader, seen: Sequence[PartSeen], rows: dict[int, list[Claimed]]
) -> list[Ready]:
    """The messages that are whole now, or that have waited long enough."""
    made: dict[int, Ready] = {}
    for piece in seen:
        opened = reader.read(rows[piece.row.id])
        group = _group(piece, piece.part, opened) if piece.part else _album(opened)
        pieces = [row.said for row in group if isinstance(row.said, InboundMessage)]
        known = [row.row.record_id for row in group if row.row.record_id]
        over = piece.row.state == "waiting" or bool(known)
        if over or (piece.part and complete(pieces)):
            first = group[0].row
            made[first.id] = Ready(
                row=first,
                message=merge(pieces),
                lane=piece.lane,
                joined=tuple(row.row.id for row in group[1:]),
                batch=piece.batch,
                record_id=known[0] if known else None,
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


def _album(rows: Sequence[Opened]) -> list[Opened]:
    """The pictures of the newest report this album belongs to, and those that wait."""
    recorded = [row.row.record_id for row in rows if row.row.record_id]
    return [row for row in rows if row.row.record_id in {None, *recorded[-1:]}]


def _group(piece: PartSeen, part: Part, rows: Sequence[Opened]) -> list[Opened]:
    """The rows of this part's own message: earlier ones only if they still lack this part."""
    if piece.row.record_id:
        return list(rows)
    recorded = [row for row in rows if row.row.record_id and row.row.id != piece.row.id]
    waiting = [row for row in rows if not row.row.record_id]
    newest = recorded[-1].row.record_id if recorded else None
    earlier = [row for row in recorded if row.row.record_id == newest]
    if earlier and all(_fits(piece, part, row) for row in earlier):
        return [*earlier, *(row for row in waiting if row.row.id == piece.row.id)]
    return _one_of_each(piece, part, [row for row in waiting if _fits(piece, part, row)])


def _one_of_each(piece: PartSeen, part: Part, rows: Sequence[Opened]) -> list[Opened]:
    """Of two rows that claim one number with different words, the second waits for its own."""
    texts = {part.number: piece.message.text}
    kept = []
    for row in rows:
        said = row.said
        if not isinstance(said, InboundMessage) or said.part is None:
            continue
        if texts.setdefault(said.part.number, said.text) == said.text:
            kept.append(row)
    return kept


def _fits(piece: PartSeen, part: Part, other: Opened) -> bool:
    """Another number, or the very same words again: nothing that would be overwritten."""
    if not isinstance(other.said, InboundMessage) or other.said.part is None:
        return False
    return other.said.part.number != part.number or other.said.text == piece.message.text
